//! The rules around the SDK's own HTTP client, behind its signing: for tests in process.

use std::sync::Arc;

use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use deployer::aws::{Aws, Calls, Target, configure};
use deployer::local::Instance;
use http::{Request, Response};
use http_body_util::BodyExt as _;

use super::rules::{Broken, Faults};

/// Clients that act as somebody on a local AWS, and meet faults on their way.
pub(crate) async fn aws(instance: &Instance, who: Credentials, faults: &Arc<Faults>) -> Aws {
    let target = Target {
        region: Some(instance.region.clone()),
        local: Some((instance.endpoint.clone(), who)),
    };
    let real = aws_smithy_http_client::Builder::new().build_http();
    let client = Faulty { faults: Arc::clone(faults), real };
    let config = configure(&target).await.expect("a configuration");
    let config = config.to_builder().http_client(client).build();
    Aws::over(&config, Calls::default())
}

#[derive(Debug)]
struct Faulty {
    faults: Arc<Faults>,
    real: SharedHttpClient,
}

impl HttpClient for Faulty {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let real = self.real.http_connector(settings, components);
        SharedHttpConnector::new(FaultyConnector { faults: Arc::clone(&self.faults), real })
    }
}

#[derive(Debug)]
struct FaultyConnector {
    faults: Arc<Faults>,
    real: SharedHttpConnector,
}

impl HttpConnector for FaultyConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (faults, real) = (Arc::clone(&self.faults), self.real.clone());
        HttpConnectorFuture::new(async move {
            let request = whole(request);
            let answer = faults.pass(request, |request| forward(real, request)).await;
            let answer = answer.map_err(|broken| ConnectorError::io(broken.into()))?;
            Ok(HttpResponse::try_from(answer.map(SdkBody::from)).expect("an answer"))
        })
    }
}

/// The request with its body in hand; the deployer never streams one.
fn whole(request: HttpRequest) -> Request<Bytes> {
    let request: Request<SdkBody> = request.try_into_http1x().expect("a request");
    request.map(|body| Bytes::copy_from_slice(body.bytes().expect("a body in memory")))
}

async fn forward(
    real: SharedHttpConnector,
    request: Request<Bytes>,
) -> Result<Response<Bytes>, Broken> {
    let request = HttpRequest::try_from(request.map(SdkBody::from)).map_err(|_| Broken)?;
    let answer: Response<SdkBody> =
        real.call(request).await.map_err(|_| Broken)?.try_into_http1x().map_err(|_| Broken)?;
    let (parts, body) = answer.into_parts();
    let body = body.collect().await.map_err(|_| Broken)?.to_bytes();
    Ok(Response::from_parts(parts, body))
}

mod tests {
    use deployer::cloud::Cloud as _;
    use deployer::resource::Reading;
    use serde_json::json;

    use super::super::envelope::Failure;
    use super::super::operation::Operation;
    use super::super::rules::{Fault, Rule, Which};
    use super::*;
    use crate::support::World;

    #[tokio::test]
    async fn what_lies_on_a_later_page_is_found_and_a_lost_answer_is_asked_for_again() {
        let world = World::empty();
        world.succeed(&["local", "start"]);
        let root = world.root().await;
        for name in ["first", "second"] {
            let tags = [("deployer:stack", "s"), ("deployer:address", name)];
            let tags = tags.map(|(key, value)| (key.to_owned(), value.to_owned()));
            let api = root.apigateway.create_api().name(name).protocol_type("HTTP".into());
            api.set_tags(Some(tags.into())).send().await.expect("an API");
        }
        let (faults, _held) = Faults::new();
        let faults = Arc::new(faults);
        let aws = aws(&world.instance(), world.instance().deployer, &faults).await;
        faults.set(vec![
            Rule::on("apigateway.GetApis", Which::First(1), Fault::LoseAnswer),
            Rule::on("apigateway.GetStage", Which::First(2), Fault::Answer(Failure::Throttled)),
            Rule::on_each(Which::Every, Fault::Pages),
        ]);
        let address = "http_api.second".parse().expect("an address");
        let owner = json!({"deployer:stack": "s", "deployer:address": "second"});
        let identity = json!({"name": "second", "tags": owner});
        let found = aws.read(&address, identity, None).await.expect("a reading");
        let Reading::Present(live) = found else { panic!("it was not found: {found:?}") };
        assert_eq!(live.spec["name"], "second");
        let calls = faults.calls();
        let count = |operation: &str| {
            let operation: Operation = operation.parse().expect("an operation");
            calls.iter().filter(|call| call.operation == operation).count()
        };
        assert_eq!(count("apigateway.GetApis"), 4, "the lost one, and three pages");
        assert_eq!(count("apigateway.GetStage"), 3, "twice refused");
    }
}
