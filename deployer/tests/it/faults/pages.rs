//! Splits lists into pages, as AWS does with long ones: the first is empty, which AWS allows, and each
//! further one holds a single item. The local AWS never does.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Request, Response, header};
use serde_json::{Value, json};

use super::operation::Operation;

/// All lists of the deployer say it with the same word, in questions and in answers.
const TOKEN: &str = "nextToken";

/// The field of an answer that holds the items; `None` for what is no list.
pub(super) fn items(operation: &Operation) -> Option<&'static str> {
    match operation.name.as_str() {
        "DescribeLogGroups" => Some("logGroups"),
        "FilterLogEvents" => Some("events"),
        "GetApis" | "GetIntegrations" | "GetRoutes" => Some("items"),
        _ => None,
    }
}

/// An answer without items.
pub(super) fn empty(items: &str) -> Response<Bytes> {
    let body = json!({ items: [] }).to_string();
    Response::builder()
        .header("content-type", "application/json")
        .body(Bytes::from(body))
        .expect("an answer")
}

/// The pages that have not been asked for yet, by their tokens.
#[derive(Default)]
pub(super) struct Pages {
    waiting: BTreeMap<String, Response<Bytes>>,
    made: usize,
}

impl Pages {
    /// The page that a request asks for, if it is a further one.
    pub(super) fn further(&mut self, request: &Request<Bytes>) -> Option<Response<Bytes>> {
        self.waiting.remove(&token(request)?)
    }

    /// Keeps a whole list, and gives its first page.
    pub(super) fn split(&mut self, items: &str, whole: &Response<Bytes>) -> Response<Bytes> {
        let Ok(mut list) = serde_json::from_slice::<Value>(whole.body()) else {
            return whole.clone();
        };
        let all = list[items].as_array().cloned().unwrap_or_default();
        let mut next: Option<String> = None;
        for item in all.into_iter().rev() {
            let page = page(&mut list, items, json!([item]), next, whole);
            self.made += 1;
            let token = format!("page-{}", self.made);
            self.waiting.insert(token.clone(), page);
            next = Some(token);
        }
        page(&mut list, items, json!([]), next, whole)
    }
}

/// The whole list's answer with other items, and with a token if there is more.
fn page(
    list: &mut Value,
    items: &str,
    content: Value,
    next: Option<String>,
    whole: &Response<Bytes>,
) -> Response<Bytes> {
    list[items] = content;
    list[TOKEN] = next.map_or(Value::Null, Value::String);
    let mut page = whole.clone();
    page.headers_mut().remove(header::CONTENT_LENGTH);
    *page.body_mut() = Bytes::from(list.to_string());
    page
}

/// The token that a request carries, in its query or in its JSON. Ours need no encoding.
fn token(request: &Request<Bytes>) -> Option<String> {
    let query = request.uri().query().unwrap_or_default();
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let queried = pairs.into_iter().find(|pair| pair.0 == TOKEN).map(|pair| pair.1.to_owned());
    queried.or_else(|| {
        let body: Value = serde_json::from_slice(request.body()).ok()?;
        body[TOKEN].as_str().map(str::to_owned)
    })
}
