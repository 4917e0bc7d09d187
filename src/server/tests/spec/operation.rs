//! One published operation: what it asks for, and what it may answer.

use std::collections::BTreeMap;

use jsonschema::Validator;
use serde_json::Value;

use super::schema::{self, resolved};
use super::{beyond, split};
use crate::server::sandbox::Exchange;

pub struct Operation {
    method: String,
    /// With names for its variable parts.
    path: String,
    parameters: Vec<Parameter>,
    body: Option<Body>,
    /// By status, or `default`.
    answers: BTreeMap<String, Contents>,
    /// Each of these sets of headers is enough to be let in; none where headers are parameters like others.
    admissions: Vec<Vec<Admission>>,
}

struct Parameter {
    name: String,
    place: Place,
    required: bool,
    /// How its text is read: `string`, `boolean` or `integer`.
    kind: String,
    validator: Validator,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Path,
    Query,
    Header,
}

struct Body {
    required: bool,
    contents: Contents,
}

/// Validators by content type. Nothing at all where there is to be no body.
type Contents = Vec<(String, Validator)>;

/// A header, and what it begins with.
struct Admission(String, &'static str);

impl Operation {
    /// All of a spec.
    pub fn all(spec: &Value) -> Vec<Self> {
        let base = spec["servers"][0]["url"].as_str().and_then(|url| url.split_once("://")).expect("a server");
        let base = base.1.find('/').map_or("", |at| &base.1[at..]);
        let paths = spec["paths"].as_object().expect("paths");
        let all = paths.iter().flat_map(|(path, item)| {
            let methods =
                item.as_object().expect("a path has methods").iter().filter(|(name, _)| *name != "parameters");
            let of_path = item.get("parameters").and_then(Value::as_array).cloned().unwrap_or_default();
            methods
                .map(move |(method, operation)| Self::read(spec, method, format!("{base}{path}"), &of_path, operation))
        });
        all.collect()
    }

    fn read(spec: &Value, method: &str, path: String, of_path: &[Value], operation: &Value) -> Self {
        let own = operation.get("parameters").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let contents = |holder: &Value| -> Contents {
            let Some(content) = holder.get("content").and_then(Value::as_object) else { return Vec::new() };
            let each = content.iter().map(|(content_type, content)| {
                let schema = schema::json_schema(spec, &content["schema"]);
                (normal(content_type), schema::validator(&schema))
            });
            each.collect()
        };
        let answers = operation["responses"].as_object().expect("responses").iter();
        let security = operation.get("security").unwrap_or(&spec["security"]).as_array();
        let admission = |name: &String| match &spec["components"]["securitySchemes"][name] {
            scheme if scheme["type"] == "http" => Admission("authorization".to_owned(), "Bearer "),
            scheme => Admission(scheme["name"].as_str().expect("a header").to_lowercase(), ""),
        };
        Self {
            method: method.to_uppercase(),
            path,
            parameters: of_path.iter().chain(own).map(|parameter| Parameter::read(spec, parameter)).collect(),
            body: operation.get("requestBody").map(|body| {
                let body = resolved(spec, body);
                Body { required: body["required"] == true, contents: contents(body) }
            }),
            answers: answers.map(|(status, answer)| (status.clone(), contents(resolved(spec, answer)))).collect(),
            admissions: security
                .map_or(&[][..], Vec::as_slice)
                .iter()
                .map(|set| set.as_object().expect("a set").keys().map(admission).collect())
                .collect(),
        }
    }

    /// As `GET /path/{id}`.
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    pub fn is(&self, method: &str, path: &str) -> bool {
        self.method == method && fits(&self.path, path).is_some()
    }

    pub fn check_request(&self, exchange: &Exchange) -> Vec<String> {
        let mut faults = self.check_parameters(exchange);
        // Who is refused for it may have come without.
        let admitted = |Admission(name, start): &Admission| {
            header(&exchange.request_headers, name).is_some_and(|value| value.starts_with(start))
        };
        if !self.admissions.is_empty() && !self.admissions.iter().any(|set| set.iter().all(admitted)) {
            faults.push("it is not authorized in any of the ways there are".to_owned());
        }
        let body = &exchange.request_body;
        let Some(expected) = &self.body else {
            if !body.is_empty() {
                faults.push("a request body, but none is asked for".to_owned());
            }
            return faults;
        };
        if body.is_empty() && !expected.required {
            return faults;
        }
        let mut value = read(body);
        for (operation, field) in beyond::FIELDS {
            if operation == self.name()
                && let Some(fields) = value.as_mut().and_then(Value::as_object_mut)
            {
                fields.remove(field);
            }
        }
        let content_type = header(&exchange.request_headers, "content-type");
        faults.extend(check_content("request", &expected.contents, content_type, value.as_ref()));
        faults
    }

    fn check_parameters(&self, exchange: &Exchange) -> Vec<String> {
        let (path, query) = split(&exchange.path);
        let in_path = fits(&self.path, path).unwrap_or_default();
        let in_query: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let mut faults = Vec::new();
        for parameter in &self.parameters {
            let found = match parameter.place {
                Place::Path => value_of(&in_path, &parameter.name),
                Place::Query => value_of(&in_query, &parameter.name),
                Place::Header => header(&exchange.request_headers, &parameter.name),
            };
            let (name, place) = (&parameter.name, parameter.place);
            match found {
                None if parameter.required => faults.push(format!("{place:?} {name} is missing")),
                None => {}
                Some(text) => {
                    let wrong = schema::faults(&parameter.validator, &parameter.value(text));
                    faults.extend(wrong.into_iter().map(|fault| format!("{place:?} {name}: {fault}")));
                }
            }
        }
        for (name, _) in &in_query {
            if !self.parameters.iter().any(|known| known.place == Place::Query && known.name == *name) {
                faults.push(format!("Query {name} is not known"));
            }
        }
        faults
    }

    pub fn check_answer(&self, exchange: &Exchange) -> Vec<String> {
        let status = exchange.status.to_string();
        let known = |status: &str| self.answers.get(status).or_else(|| self.answers.get("default"));
        let beyond =
            beyond::ANSWERS.iter().find(|(name, status, _)| *name == self.name() && *status == exchange.status);
        let Some(contents) = known(&status).or_else(|| self.answers.get(beyond?.2)) else {
            return vec![format!("status {status} is not documented")];
        };
        let body = &exchange.response_body;
        if contents.is_empty() || exchange.status == 204 {
            return if body.is_empty() { Vec::new() } else { vec!["a body, but none is documented".to_owned()] };
        }
        check_content("answer", contents, header(&exchange.response_headers, "content-type"), read(body).as_ref())
    }
}

impl Parameter {
    fn read(spec: &Value, parameter: &Value) -> Self {
        let parameter = resolved(spec, parameter);
        let schema = schema::json_schema(spec, &parameter["schema"]);
        Self {
            name: parameter["name"].as_str().expect("a name").to_owned(),
            place: match parameter["in"].as_str() {
                Some("path") => Place::Path,
                Some("query") => Place::Query,
                Some("header") => Place::Header,
                other => panic!("no test knows parameters in {other:?}"),
            },
            required: parameter["required"] == true,
            kind: schema["type"].as_str().expect("a type").to_owned(),
            validator: schema::validator(&schema),
        }
    }

    fn value(&self, text: &str) -> Value {
        let plain = self.kind != "string";
        let read = plain.then(|| serde_json::from_str(text).ok()).flatten();
        read.unwrap_or_else(|| Value::String(text.to_owned()))
    }
}

/// The variable parts of a path, if it is one of those the template stands for.
pub fn fits(template: &str, path: &str) -> Option<Vec<(String, String)>> {
    let (names, parts): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
    if names.len() != parts.len() {
        return None;
    }
    let mut variable = Vec::new();
    for (name, part) in names.into_iter().zip(parts) {
        if let Some(name) = name.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            let value =
                percent_encoding::percent_decode_str(part).decode_utf8().ok().filter(|text| !text.is_empty())?;
            variable.push((name.to_owned(), value.into_owned()));
        } else if name != part {
            return None;
        }
    }
    Some(variable)
}

fn check_content(whose: &str, contents: &Contents, content_type: Option<&str>, value: Option<&Value>) -> Vec<String> {
    let given = normal(content_type.unwrap_or_default());
    // What the spec says of the character set is meant; where it says nothing, there may be one.
    let meant = |known: &&(String, Validator)| known.0 == given || Some(known.0.as_str()) == given.split(';').next();
    let Some((_, validator)) = contents.iter().find(meant) else {
        let known: Vec<&str> = contents.iter().map(|(known, _)| known.as_str()).collect();
        return vec![format!("{whose}: content type {content_type:?} is not {}", known.join(" or "))];
    };
    let Some(value) = value else { return vec![format!("{whose}: the body is not JSON")] };
    schema::faults(validator, value).into_iter().map(|fault| format!("{whose}: {fault}")).collect()
}

/// Lower case and without blanks.
fn normal(content_type: &str) -> String {
    content_type.to_lowercase().replace(' ', "")
}

fn read(body: &[u8]) -> Option<Value> {
    serde_json::from_slice(body).ok()
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

fn value_of<'a>(values: &'a [(String, String)], name: &str) -> Option<&'a str> {
    values.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}
