//! An API Gateway HTTP API with its `$default` stage, which deploys every change by itself.
//!
//! Names of APIs are not unique, so an API is found by its id or, when that is lost, by its
//! ownership tags; otherwise a lost state would mean a second API.
//! <https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid.html>

use aws_sdk_apigatewayv2::types::{Api, ProtocolType};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::operations::{self as op, Operation, Reach};
use super::partition;
use super::tags::{self, Tags};
use super::{Adoption, Fault, Gathered, Job, Live, Place, Reading, ResourceType, Sources};
use crate::address::Address;
use crate::aws::{self, Answer, Aws, Verdict};
use crate::error::{Error, Result};

/// The stage whose URL has no stage in its path.
const STAGE: &str = "$default";

/// The resource type `http_api`.
pub struct HttpApi;

/// An HTTP API, as declared and as observed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// 1 to 128 characters.
    #[schemars(length(min = 1, max = 128))]
    pub name: String,
    /// At most 1024 characters.
    #[schemars(length(max = 1024))]
    #[serde(default)]
    pub description: String,
    /// Whether the `$default` stage deploys changes by itself. None where there is no such stage.
    #[serde(default = "yes")]
    #[schemars(with = "bool", extend("const" = true))]
    pub auto_deploy: Option<bool>,
    /// Put on it beside the tags of the whole stack and those of ownership.
    #[serde(default)]
    #[schemars(schema_with = "tags::schema")]
    pub tags: Tags,
}

/// What an API is found by; its ownership tags, since neither name nor id will do.
#[derive(Debug, Serialize, Deserialize)]
pub struct Identity {
    name: String,
    #[serde(default)]
    tags: Tags,
}

/// What AWS assigns.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Outputs {
    /// Ten characters, the first part of the host name.
    pub id: String,
    /// The URL without a path, such as `https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com`.
    pub endpoint: String,
    /// What policies for callers refer to, without a stage: `arn:…:execute-api:REGION:ACCOUNT:ID`.
    pub execution_arn: String,
}

#[expect(clippy::unnecessary_wraps, reason = "serde's default must have the type of the field")]
fn yes() -> Option<bool> {
    Some(true)
}

impl ResourceType for HttpApi {
    const KIND: &'static str = "http_api";
    const ABOUT: &'static str = "an HTTP API and its $default stage";
    const EXAMPLE: &'static str = "\
name: example
description: Issues certificates
";
    const OUTPUTS: &'static [&'static str] = &["endpoint", "execution_arn", "id"];
    const REPLACE_ON: &'static [&'static str] = &[];
    const OPERATIONS: &'static [Operation] = &[
        op::reads("GetApi", &["apigateway:GET"]),
        op::reads("GetApis", &["apigateway:GET"]),
        op::reads("GetStage", &["apigateway:GET"]),
        op::reads("GetTags", &["apigateway:GET"]),
        op::makes("CreateApi", &["apigateway:POST", "apigateway:TagResource"]),
        op::changes("CreateStage", &["apigateway:POST"]).in_making(&["auto_deploy"]),
        op::changes("TagResource", &["apigateway:POST", "apigateway:TagResource"]),
        op::changes("UntagResource", &["apigateway:DELETE", "apigateway:UntagResource"]),
        op::changes("UpdateApi", &["apigateway:PATCH"]).in_changing(&["description", "name"]),
        op::changes("UpdateStage", &["apigateway:PATCH"]),
        op::removes("DeleteApi", &["apigateway:DELETE"]),
    ];
    /// The list of all APIs is what is posted to, and the tags of an API are an object of their own.
    const REACH: &'static [Reach] = &[(
        "apigateway:",
        &[
            "arn:{partition}:apigateway:{region}::/apis",
            "arn:{partition}:apigateway:{region}::/apis/{id}",
            "arn:{partition}:apigateway:{region}::/apis/{id}/*",
            "arn:{partition}:apigateway:{region}::/tags/*",
        ],
    )];

    const ADOPTION: Adoption =
        Adoption::Never("names of APIs are not unique, so an API is found by its ownership tags");

    type Declared = Spec;
    type Identity = Identity;
    type Spec = Spec;
    type Outputs = Outputs;

    fn validate(declared: &Spec) -> Vec<Fault> {
        let mut faults = tags::validate(&declared.tags);
        if declared.name.is_empty() || declared.name.chars().count() > 128 {
            faults.push(Fault::new(["name"], "must be 1 to 128 characters"));
        }
        if declared.description.chars().count() > 1024 {
            faults.push(Fault::new(["description"], "must be at most 1024 characters"));
        }
        if declared.auto_deploy != Some(true) {
            faults.push(Fault::new(
                ["auto_deploy"],
                "must be true: without it no change would ever be live",
            ));
        }
        faults
    }

    fn foretell(place: &Place, _identity: Identity) -> Outputs {
        outputs(place, "*", Some("*".to_owned()))
    }

    fn gather(declared: Spec, _sources: &Sources<'_>) -> Result<Gathered<Spec>> {
        Ok(Gathered { spec: declared, payload: None })
    }

    async fn read(
        aws: &Aws,
        identity: Identity,
        prior: Option<Outputs>,
        _address: &Address,
    ) -> Result<Reading<Live<Spec, Outputs>>> {
        if let Some(prior) = prior
            && let Some(live) = read(aws, &prior.id).await?
        {
            return Ok(Reading::Present(live));
        }
        match find(aws, &identity.tags).await? {
            Some(id) => Ok(read(aws, &id).await?.map_or(Reading::Absent, Reading::Present)),
            None => Ok(Reading::Absent),
        }
    }

    async fn discover(aws: &Aws, stack: &str) -> Result<Vec<(Address, Identity)>> {
        let mine = list(aws, |tags| tags::address_in(tags, stack, Self::KIND)).await?;
        let identity = |api: &Api| Identity {
            name: api.name.clone().unwrap_or_default(),
            tags: tags::from_aws(api.tags.clone().unwrap_or_default()),
        };
        Ok(mine.into_iter().map(|(address, api)| (address, identity(&api))).collect())
    }

    async fn create(aws: &Aws, job: &Job<'_>, spec: Spec) -> Result<Option<Outputs>> {
        let Some(outputs) = make(aws, job, &spec).await? else { return Ok(None) };
        job.record(&outputs)?;
        stage(aws, job, &outputs.id, &spec, None).await?;
        Ok(Some(outputs))
    }

    async fn update(
        aws: &Aws,
        job: &Job<'_>,
        live: Live<Spec, Outputs>,
        spec: Spec,
    ) -> Result<Outputs> {
        let (old, id) = (&live.spec, &live.outputs.id);
        if (&old.name, &old.description) != (&spec.name, &spec.description) {
            let call = aws.apigateway.update_api().api_id(id).name(&spec.name);
            let call = call.description(&spec.description);
            aws.in_turn(id, job.write("UpdateApi", id, || call.clone().send())).await?;
        }
        if old.auto_deploy != spec.auto_deploy {
            stage(aws, job, id, &spec, old.auto_deploy).await?;
        }
        let arn = arn(aws, id);
        let (set, remove) = tags::changes(&old.tags, &spec.tags);
        if !set.is_empty() {
            let call = aws
                .apigateway
                .tag_resource()
                .resource_arn(&arn)
                .set_tags(Some(set.into_iter().collect()));
            aws.in_turn(id, job.write("TagResource", &arn, || call.clone().send())).await?;
        }
        if !remove.is_empty() {
            let call =
                aws.apigateway.untag_resource().resource_arn(&arn).set_tag_keys(Some(remove));
            aws.in_turn(id, job.write("UntagResource", &arn, || call.clone().send())).await?;
        }
        Ok(live.outputs)
    }

    /// The stage, and whatever else lives in the API, goes with it.
    async fn delete(aws: &Aws, job: &Job<'_>, live: Live<Spec, Outputs>) -> Result<Option<String>> {
        let id = &live.outputs.id;
        let call = aws.apigateway.delete_api().api_id(id);
        aws.in_turn(id, job.delete("DeleteApi", id, || call.clone().send())).await?;
        Ok(None)
    }
}

async fn read(aws: &Aws, id: &str) -> Result<Option<Live<Spec, Outputs>>> {
    // `GetApi` tells the tags as well, but in the local AWS those of the creation for ever.
    let arn = arn(aws, id);
    let (api, stage, tags) = tokio::join!(
        aws.apigateway.get_api().api_id(id).send(),
        aws.apigateway.get_stage().api_id(id).stage_name(STAGE).send(),
        aws.apigateway.get_tags().resource_arn(&arn).send(),
    );
    let Some(api) = aws::read("GetApi", id, api)? else { return Ok(None) };
    let stage = aws::read("GetStage", id, stage)?;
    let tags = aws::read("GetTags", &arn, tags)?;
    let spec = Spec {
        name: api.name.unwrap_or_default(),
        description: api.description.unwrap_or_default(),
        auto_deploy: stage.map(|stage| stage.auto_deploy.unwrap_or(false)),
        tags: tags::from_aws(tags.and_then(|found| found.tags).unwrap_or_default()),
    };
    Ok(Some(Live::new(spec, outputs(&aws.place().await?, id, api.api_endpoint))))
}

/// The ARN under which API Gateway keeps the tags of an API.
fn arn(aws: &Aws, id: &str) -> String {
    format!("arn:{}:apigateway:{}::/apis/{id}", partition(&aws.region), aws.region)
}

/// Makes the API, unless there is one that is ours already. AWS makes another API of the same name
/// each time it is asked to, so where an answer was lost we look before we ask again.
async fn make(aws: &Aws, job: &Job<'_>, spec: &Spec) -> Result<Option<Outputs>> {
    let call = aws
        .apigateway
        .create_api()
        .name(&spec.name)
        .protocol_type(ProtocolType::Http)
        .set_description(Some(spec.description.clone()).filter(|text| !text.is_empty()))
        .set_tags(Some(spec.tags.clone().into_iter().collect()));
    let made = aws::poll(job.note, || async {
        if let Some(id) = find(aws, &spec.tags).await? {
            let there =
                Error::new(format!("there is an API that is {} already: {id}", job.address));
            return Ok(Verdict::Done(Answer::Exists(there)));
        }
        let sent = call.clone().customize().config_override(aws::once()).send().await;
        aws::judge_once("CreateApi", &spec.name, sent)
    });
    let Some(made) = made.await?.created()? else { return Ok(None) };
    let told_nothing = || Error::new(format!("CreateApi told no id of {}", spec.name));
    let id = made.api_id.ok_or_else(told_nothing)?;
    Ok(Some(outputs(&aws.place().await?, &id, made.api_endpoint)))
}

/// The API that carries these ownership tags, on whatever page of the list it is.
async fn find(aws: &Aws, owner: &Tags) -> Result<Option<String>> {
    let ours = list(aws, |tags| tags::is_same_owner(tags, owner).then_some(())).await?;
    let mut found: Vec<_> = ours.into_iter().filter_map(|((), api)| api.api_id).collect();
    if found.len() > 1 {
        return Err(Error::new("several APIs carry the same ownership tags")
            .because(format!("they are {}", found.join(", ")))
            .hint("only one can be this stack's: delete the others, or take the tags off them"));
    }
    Ok(found.pop())
}

/// The APIs of the account whose tags tell something.
pub(super) async fn list<T>(aws: &Aws, tell: impl Fn(&Tags) -> Option<T>) -> Result<Vec<(T, Api)>> {
    let mut found = Vec::new();
    let mut page = None;
    loop {
        let call = aws.apigateway.get_apis().set_next_token(page).send().await;
        let answer = call.map_err(|error| aws::failed("GetApis", "all HTTP APIs", &error))?;
        found.extend(answer.items.unwrap_or_default().into_iter().filter_map(|api| {
            let told = tell(&tags::from_aws(api.tags.clone().unwrap_or_default()))?;
            Some((told, api))
        }));
        page = answer.next_token.filter(|token| !token.is_empty());
        if page.is_none() {
            return Ok(found);
        }
    }
}

fn outputs(place: &Place, id: &str, endpoint: Option<String>) -> Outputs {
    Outputs {
        id: id.to_owned(),
        endpoint: endpoint.unwrap_or_default(),
        execution_arn: place.arn("execute-api", id),
    }
}

/// Makes the stage, or mends the one that is there; `live` is whether that deploys by itself.
async fn stage(aws: &Aws, job: &Job<'_>, id: &str, spec: &Spec, live: Option<bool>) -> Result<()> {
    let auto_deploy = spec.auto_deploy.unwrap_or(true);
    let make = aws.apigateway.create_stage().api_id(id).stage_name(STAGE).auto_deploy(auto_deploy);
    let mend = aws.apigateway.update_stage().api_id(id).stage_name(STAGE).auto_deploy(auto_deploy);
    aws.in_turn(id, async {
        let is_new = match live {
            None => job.create("CreateStage", id, || make.clone().send()).await?.is_some(),
            Some(_) => false,
        };
        if !is_new {
            job.write("UpdateStage", id, || mend.clone().send()).await?;
        }
        Ok(())
    })
    .await
}
