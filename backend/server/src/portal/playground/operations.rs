//! The operations of the interface, read out of its own OpenAPI document once: what they take, and an example of a body.

use serde_json::{Map, Value};
use std::sync::LazyLock;

/// How deep an example of a body goes into objects within objects.
const DEPTH_MAX: usize = 3;

/// What can be asked for.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) id: String,
    /// In capitals.
    pub(super) method: String,
    pub(super) path: String,
    pub(super) tag: String,
    pub(super) summary: String,
    pub(super) description: String,
    /// Whether an access token goes along.
    pub(super) takes_token: bool,
    /// Scopes of which one alternative opens it, each several joined by spaces.
    pub(super) scopes: Vec<String>,
    pub(super) fields: Vec<Field>,
    pub(super) body: Option<Body>,
    /// Status codes with what they mean.
    pub(super) answers: Vec<(String, String)>,
}

/// A value that goes along.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: String,
    /// Where it goes: `path`, `query`, `header` or `form`.
    pub(super) place: String,
    pub(super) required: bool,
    /// Its type in the document.
    pub(super) kind: String,
    pub(super) description: String,
    /// Whether it should not stand on a screen.
    pub(super) secret: bool,
}

/// A body that is not a form.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) media_type: String,
    pub(super) example: String,
}

static ALL: LazyLock<Vec<Operation>> = LazyLock::new(|| {
    let text = crate::openapi::openapi_json().unwrap_or_default();
    serde_json::from_str(&text).map(|document: Value| read(&document)).unwrap_or_default()
});
static TAGS: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
    let text = crate::openapi::openapi_json().unwrap_or_default();
    let document: Value = serde_json::from_str(&text).unwrap_or_default();
    let tag = |tag: &Value| (text_of(tag, "name"), text_of(tag, "description"));
    list(&document, "tags").iter().map(tag).collect()
});

/// All of them, in the order of the document.
pub(super) fn all() -> &'static [Operation] {
    &ALL
}

/// Groups of operations with what they are about, in the order of the document.
pub(super) fn tags() -> &'static [(String, String)] {
    &TAGS
}

/// The operation of that name.
pub(super) fn find(id: &str) -> Option<&'static Operation> {
    all().iter().find(|operation| operation.id == id)
}

fn read(document: &Value) -> Vec<Operation> {
    let empty = Map::new();
    let paths = document.get("paths").and_then(Value::as_object).unwrap_or(&empty);
    let of_path = |(path, methods): (&String, &Value)| {
        let methods = methods.as_object().cloned().unwrap_or_default();
        let one = |(method, it): (&String, &Value)| operation(document, path, method, it);
        methods.iter().map(one).collect::<Vec<_>>()
    };
    paths.iter().flat_map(of_path).collect()
}

fn operation(document: &Value, path: &str, method: &str, it: &Value) -> Operation {
    let mut fields: Vec<Field> = list(it, "parameters").iter().map(parameter).collect();
    let body = it.pointer("/requestBody/content").and_then(Value::as_object).and_then(|content| content.iter().next());
    let schema =
        |media: &Value| media.get("schema").map(|schema| resolved(document, schema).clone()).unwrap_or_default();
    let body = match body {
        Some((media_type, media)) if media_type == "application/x-www-form-urlencoded" => {
            fields.extend(form_fields(&schema(media)));
            None
        }
        Some((media_type, media)) => {
            let example = example(document, &schema(media), DEPTH_MAX);
            let example = serde_json::to_string_pretty(&example).unwrap_or_default();
            let example = if media_type.ends_with("json") { example } else { String::new() };
            Some(Body { media_type: media_type.clone(), example })
        }
        None => None,
    };
    let answers = it.get("responses").and_then(Value::as_object).cloned().unwrap_or_default();
    Operation {
        id: text_of(it, "operationId"),
        method: method.to_ascii_uppercase(),
        path: path.to_owned(),
        tag: list(it, "tags").first().and_then(Value::as_str).unwrap_or_default().to_owned(),
        summary: text_of(it, "summary"),
        description: text_of(it, "description"),
        takes_token: list(it, "security").iter().any(|way| way.get("oauth").is_some()),
        scopes: scopes(it),
        fields,
        body,
        answers: answers.iter().map(|(status, answer)| (status.clone(), text_of(answer, "description"))).collect(),
    }
}

fn scopes(it: &Value) -> Vec<String> {
    let names = |way: &Value| {
        let scopes = way.get("oauth")?.as_array()?.iter().filter_map(Value::as_str).collect::<Vec<_>>();
        Some(scopes.join(" ")).filter(|scopes| !scopes.is_empty())
    };
    list(it, "security").iter().filter_map(names).collect()
}

fn parameter(it: &Value) -> Field {
    Field {
        name: text_of(it, "name"),
        place: text_of(it, "in"),
        required: it.get("required").and_then(Value::as_bool).unwrap_or_default(),
        kind: it.get("schema").map(kind).unwrap_or_default(),
        description: text_of(it, "description"),
        secret: false,
    }
}

fn form_fields(schema: &Value) -> Vec<Field> {
    let required = list(schema, "required");
    let properties = schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    let field = |(name, it): (&String, &Value)| Field {
        name: name.clone(),
        place: "form".to_owned(),
        required: required.iter().any(|needed| needed == name),
        kind: kind(it),
        description: text_of(it, "description"),
        secret: ["secret", "token", "assertion"].iter().any(|word| name.ends_with(word)),
    };
    properties.iter().map(field).collect()
}

/// The type of a schema; of several the first that is not `null`.
fn kind(schema: &Value) -> String {
    match schema.get("type") {
        Some(Value::String(kind)) => kind.clone(),
        Some(Value::Array(kinds)) => {
            kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null").unwrap_or_default().to_owned()
        }
        _ => String::new(),
    }
}

/// The least body there can be: what is required, with something of the right type.
fn example(document: &Value, schema: &Value, depth: usize) -> Value {
    let schema = resolved(document, schema);
    if let Some(given) = schema.get("example").or_else(|| list(schema, "enum").first()) {
        return given.clone();
    }
    match kind(schema).as_str() {
        "object" if depth > 0 => {
            let required: Vec<&str> = list(schema, "required").iter().filter_map(Value::as_str).collect();
            let of = |name: &&str| schema.get("properties")?.get(*name).map(|it| example(document, it, depth - 1));
            Value::Object(required.iter().filter_map(|name| Some(((*name).to_owned(), of(name)?))).collect())
        }
        "array" if depth > 0 => {
            let item = schema.get("items").map(|items| example(document, items, depth - 1));
            Value::Array(item.into_iter().collect())
        }
        "integer" => 1.into(),
        "number" => 0.1.into(),
        "boolean" => false.into(),
        "string" => String::new().into(),
        _ => Value::Object(Map::new()),
    }
}

/// What a schema refers to, when it does.
fn resolved<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    let target = schema.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
    target.and_then(|target| document.pointer(target)).unwrap_or(schema)
}

fn text_of(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_operation_of_the_document_is_there_once_with_what_it_takes() {
        let text = crate::openapi::openapi_json().unwrap();
        let document: Value = serde_json::from_str(&text).unwrap();
        let count: usize =
            document["paths"].as_object().unwrap().values().map(|it| it.as_object().unwrap().len()).sum();
        let names: BTreeSet<&str> = all().iter().map(|operation| operation.id.as_str()).collect();
        assert_eq!((all().len(), names.len()), (count, count));
        let tags: BTreeSet<&str> = tags().iter().map(|(name, _)| name.as_str()).collect();
        for operation in all() {
            assert!(tags.contains(operation.tag.as_str()), "{}", operation.id);
            let in_path = operation.fields.iter().filter(|field| field.place == "path");
            for field in in_path.clone() {
                assert!(field.required && operation.path.contains(&format!("{{{}}}", field.name)), "{}", operation.id);
            }
            assert_eq!(operation.path.matches('{').count(), in_path.count(), "{}", operation.id);
        }
        let rows = find("read_rows").unwrap();
        assert_eq!((rows.method.as_str(), rows.takes_token, rows.scopes.len()), ("GET", true, 2));
        let token = find("issue_token").unwrap();
        assert!(
            token.fields.iter().any(|field| field.place == "form" && field.name == "client_secret" && field.secret)
        );
        let query = find("run_query").unwrap().body.as_ref().unwrap();
        assert_eq!((query.media_type.as_str(), query.example.as_str()), ("application/json", "{\n  \"sql\": \"\"\n}"));
        let bulk = find("read_objects").unwrap().body.as_ref().unwrap();
        assert!(bulk.example.contains("\"bulk_object_ids\": [\n    \"\"\n  ]"), "{}", bulk.example);
        assert!(find("nothing").is_none());
    }
}
