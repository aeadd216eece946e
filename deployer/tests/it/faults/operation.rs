//! Which operation of AWS an HTTP request is: the services speak three protocols, and each says it in
//! another place.

use std::fmt;
use std::str::FromStr;

use bytes::Bytes;
use http::Request;

/// A service that the deployer calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Service {
    ApiGateway,
    Iam,
    Lambda,
    Logs,
    SecretsManager,
    Sts,
}

impl Service {
    const ALL: [Self; 6] =
        [Self::ApiGateway, Self::Iam, Self::Lambda, Self::Logs, Self::SecretsManager, Self::Sts];

    /// The prefix of its actions in IAM.
    fn name(self) -> &'static str {
        match self {
            Self::ApiGateway => "apigateway",
            Self::Iam => "iam",
            Self::Lambda => "lambda",
            Self::Logs => "logs",
            Self::SecretsManager => "secretsmanager",
            Self::Sts => "sts",
        }
    }
}

/// An operation of a service; written as `lambda.CreateFunction`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Operation {
    pub(crate) service: Service,
    pub(crate) name: String,
}

impl Operation {
    /// The operation that a request asks for; `None` for those that the deployer never makes.
    pub(crate) fn of(request: &Request<Bytes>) -> Option<Self> {
        if let Some(target) = request.headers().get("x-amz-target") {
            let (service, name) = target.to_str().ok()?.split_once('.')?;
            let service = match service {
                "secretsmanager" => Service::SecretsManager,
                "Logs_20140328" => Service::Logs,
                _ => return None,
            };
            return Some(Self { service, name: name.to_owned() });
        }
        let path: Vec<&str> =
            request.uri().path().split('/').filter(|part| !part.is_empty()).collect();
        let method = request.method().as_str();
        let (service, name) = match path.as_slice() {
            [] => return Self::of_query(request.body()),
            ["v2", rest @ ..] => (Service::ApiGateway, api_gateway(method, rest)?),
            [_version, rest @ ..] => (Service::Lambda, lambda(method, rest)?),
        };
        Some(Self { service, name: name.to_owned() })
    }

    /// The services of the Query protocol share an address, and differ in the version of their API.
    fn of_query(body: &Bytes) -> Option<Self> {
        let body = std::str::from_utf8(body).ok()?;
        let field = |name: &str| {
            body.split('&').filter_map(|pair| pair.split_once('=')).find(|pair| pair.0 == name)
        };
        let service = match field("Version")?.1 {
            "2010-05-08" => Service::Iam,
            "2011-06-15" => Service::Sts,
            _ => return None,
        };
        Some(Self { service, name: field("Action")?.1.to_owned() })
    }

    /// Whether it changes nothing.
    pub(crate) fn reads(&self) -> bool {
        ["Describe", "Filter", "Get", "List", "Simulate"]
            .iter()
            .any(|verb| self.name.starts_with(verb))
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.service.name(), self.name)
    }
}

impl FromStr for Operation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (service, name) = text.split_once('.').ok_or("an operation is SERVICE.NAME")?;
        let service = Service::ALL.into_iter().find(|known| known.name() == service);
        Ok(Self {
            service: service.ok_or_else(|| format!("{text} is of no service that is known"))?,
            name: name.to_owned(),
        })
    }
}

fn api_gateway(method: &str, path: &[&str]) -> Option<&'static str> {
    Some(match (method, path) {
        ("POST", ["apis"]) => "CreateApi",
        ("GET", ["apis"]) => "GetApis",
        ("GET", ["apis", _]) => "GetApi",
        ("PATCH", ["apis", _]) => "UpdateApi",
        ("DELETE", ["apis", _]) => "DeleteApi",
        ("POST", ["apis", _, "stages"]) => "CreateStage",
        ("GET", ["apis", _, "stages", _]) => "GetStage",
        ("PATCH", ["apis", _, "stages", _]) => "UpdateStage",
        ("POST", ["apis", _, "integrations"]) => "CreateIntegration",
        ("GET", ["apis", _, "integrations"]) => "GetIntegrations",
        ("GET", ["apis", _, "integrations", _]) => "GetIntegration",
        ("PATCH", ["apis", _, "integrations", _]) => "UpdateIntegration",
        ("DELETE", ["apis", _, "integrations", _]) => "DeleteIntegration",
        ("POST", ["apis", _, "routes"]) => "CreateRoute",
        ("GET", ["apis", _, "routes"]) => "GetRoutes",
        ("GET", ["apis", _, "routes", _]) => "GetRoute",
        ("PATCH", ["apis", _, "routes", _]) => "UpdateRoute",
        ("DELETE", ["apis", _, "routes", _]) => "DeleteRoute",
        // The ARN may hold slashes, sent as they are or not.
        ("POST", ["tags", ..]) => "TagResource",
        ("GET", ["tags", ..]) => "GetTags",
        ("DELETE", ["tags", ..]) => "UntagResource",
        _ => return None,
    })
}

fn lambda(method: &str, path: &[&str]) -> Option<&'static str> {
    Some(match (method, path) {
        ("POST", ["functions"]) => "CreateFunction",
        ("GET", ["functions", _]) => "GetFunction",
        ("DELETE", ["functions", _]) => "DeleteFunction",
        ("GET", ["functions", _, "configuration"]) => "GetFunctionConfiguration",
        ("PUT", ["functions", _, "configuration"]) => "UpdateFunctionConfiguration",
        ("PUT", ["functions", _, "code"]) => "UpdateFunctionCode",
        ("PUT", ["functions", _, "concurrency"]) => "PutFunctionConcurrency",
        ("DELETE", ["functions", _, "concurrency"]) => "DeleteFunctionConcurrency",
        ("POST", ["functions", _, "policy"]) => "AddPermission",
        ("GET", ["functions", _, "policy"]) => "GetPolicy",
        ("DELETE", ["functions", _, "policy", _]) => "RemovePermission",
        ("POST", ["tags", ..]) => "TagResource",
        ("GET", ["tags", ..]) => "ListTags",
        ("DELETE", ["tags", ..]) => "UntagResource",
        _ => return None,
    })
}
