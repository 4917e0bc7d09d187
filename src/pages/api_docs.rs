//! The API's description for people: every operation with its parameters, examples and answers.
//!
//! Made from the OpenAPI description on the server, because the viewers that there are bring megabytes of
//! script, and styles that the portal's content security policy does not let in.

use std::collections::BTreeMap;
use std::fmt::Write;

use leptos::prelude::*;
use leptos_meta::Title;
use serde_json::{Value, json};

use super::frame::document_title;
use crate::components::Copy;
use crate::islands::copying::Copying;
use crate::paths;

/// What a path's operations are called in the description, in the order they are shown in.
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// The OpenAPI description that is to be shown.
#[derive(Clone)]
pub struct ApiDescription {
    pub openapi: std::sync::Arc<Value>,
    /// Where the portal is, without a slash at the end.
    pub public_url: String,
}

/// Something that can be asked.
struct Operation<'a> {
    method: &'a str,
    path: &'a str,
    about: &'a Value,
}

#[component]
pub fn ApiDocsPage(description: ApiDescription) -> impl IntoView {
    let ApiDescription { openapi, public_url } = description;
    let base = format!("{public_url}{}", text(&openapi["servers"][0]["url"]));
    let groups: Vec<AnyView> = grouped(&openapi)
        .into_iter()
        .map(|(tag, operations)| {
            let operations: Vec<AnyView> =
                operations.into_iter().map(|operation| shown(&openapi, &base, &operation)).collect();
            view! { <section><h2>{tag.to_owned()}</h2>{operations}</section> }.into_any()
        })
        .collect();
    view! {
        <Title text=document_title("API", "Partner Portal")/>
        <a class="skip" href="#main">"Skip to content"</a>
        <div class="plain">
            <header class="top-bar"><a class="brand" href="/">"Partner Portal"</a></header>
            <main id="main" tabindex="-1" class="api-docs">
                <header class="page-head">
                    <h1>"API"</h1>
                    <p class="lead">
                        "For programs. Send a token with every request; admins of an organisation make them under API tokens, and the registry takes those that are made in the portal's shell. The same as OpenAPI: "
                        <a href=paths::OPENAPI>{paths::OPENAPI}</a>
                    </p>
                </header>
                {groups}
            </main>
        </div>
        <Copying/>
    }
}

/// The operations by what they are about.
fn grouped(openapi: &Value) -> BTreeMap<&str, Vec<Operation<'_>>> {
    let mut groups = BTreeMap::<&str, Vec<Operation<'_>>>::new();
    for (path, item) in openapi["paths"].as_object().into_iter().flatten() {
        for method in METHODS {
            let about = &item[method];
            if about.is_object() {
                let tag = about["tags"][0].as_str().unwrap_or("Other");
                groups.entry(tag).or_default().push(Operation { method, path, about });
            }
        }
    }
    groups
}

fn shown(openapi: &Value, base: &str, operation: &Operation<'_>) -> AnyView {
    let Operation { method, path, about } = operation;
    let id = text(&about["operationId"]).to_owned();
    let address = format!("{}{path}", text(&openapi["servers"][0]["url"]));
    let description = about["description"].as_str().map(|description| view! { <p>{description.to_owned()}</p> });
    let parameters = parameters(about);
    let older = (about["deprecated"] == true).then_some(" – an older address");
    let sent = body(openapi, &about["requestBody"]);
    let curl = curl(base, operation, sent.as_ref());
    let sent = sent.map(|sent| {
        let sent = pretty(&sent);
        view! { <h3>"Sent"</h3><pre tabindex="0" role="region" aria-label="What is sent">{sent}</pre> }
    });
    let answers = about["responses"].as_object().into_iter().flatten();
    let answers: Vec<AnyView> = answers.map(|(status, answer)| answered(openapi, status, answer)).collect();
    view! {
        <details class="card operation" id=id>
            <summary>
                <span class="code method">{method.to_ascii_uppercase()}</span>" "<span class="code">{address}</span>
                <span class="hint">{text(&about["summary"]).to_owned()}{older}</span>
            </summary>
            {description}
            {parameters}
            {sent}
            <h3>"As curl"<Copy text=curl.clone() what="command"/></h3>
            <pre tabindex="0" role="region" aria-label="As a command">{curl}</pre>
            <h3>"Answers"</h3>
            <dl class="facts">{answers}</dl>
        </details>
    }
    .into_any()
}

fn parameters(about: &Value) -> Option<AnyView> {
    let parameters = about["parameters"].as_array().filter(|parameters| !parameters.is_empty())?;
    let rows = parameters.iter().map(|parameter| {
        let required = if parameter["required"] == true { "required" } else { "optional" };
        let place = format!("{}, {required}", text(&parameter["in"]));
        let words = parameter["schema"]["enum"].as_array().into_iter().flatten().map(text).collect::<Vec<_>>();
        let words = (!words.is_empty()).then(|| format!("One of {}. ", words.join(", ")));
        let what = format!("{}{}", words.unwrap_or_default(), text(&parameter["description"]));
        view! {
            <tr>
                <th scope="row" class="code">{text(&parameter["name"]).to_owned()}</th>
                <td>{place}</td>
                <td>{what}</td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let table = view! {
        <h3>"Parameters"</h3>
        <table class="explained">
            <caption class="hidden">"Parameters"</caption>
            <thead><tr><th scope="col">"Name"</th><th scope="col">"Where"</th><th scope="col">"What"</th></tr></thead>
            <tbody>{rows}</tbody>
        </table>
    };
    Some(table.into_any())
}

fn answered(openapi: &Value, status: &str, answer: &Value) -> AnyView {
    let example = body(openapi, answer).filter(|_| status.starts_with('2')).map(|example| {
        view! { <pre tabindex="0" role="region" aria-label="The answer">{pretty(&example)}</pre> }
    });
    let described = text(&answer["description"]).to_owned();
    let described = if described.is_empty() && example.is_none() { "A problem.".to_owned() } else { described };
    view! { <div><dt>{status.to_owned()}</dt><dd>{described}{example}</dd></div> }.into_any()
}

/// An example of a body, made of the examples of its fields; none if there is no body, or nothing is said
/// of it.
fn body(openapi: &Value, holder: &Value) -> Option<Value> {
    let content = holder["content"].as_object()?.values().next()?;
    if !content["example"].is_null() {
        return Some(content["example"].clone());
    }
    Some(example(openapi, &content["schema"], 0)).filter(|example| !example.is_null())
}

fn example(openapi: &Value, schema: &Value, depth: usize) -> Value {
    // No schema of ours is as deep; one that held itself would never end.
    if depth > 8 {
        return Value::Null;
    }
    if let Some(reference) = schema["$ref"].as_str() {
        let place = reference.trim_start_matches('#');
        return openapi.pointer(place).map_or(Value::Null, |schema| example(openapi, schema, depth + 1));
    }
    if !schema["example"].is_null() {
        return schema["example"].clone();
    }
    if let Some(fields) = schema["properties"].as_object() {
        let fields = fields.iter().map(|(name, schema)| (name.clone(), example(openapi, schema, depth + 1)));
        return Value::Object(fields.filter(|(_, value)| !value.is_null()).collect());
    }
    if schema["items"].is_object() {
        let item = example(openapi, &schema["items"], depth + 1);
        return if item.is_null() { Value::Null } else { json!([item]) };
    }
    match schema["type"].as_str() {
        Some("boolean") => json!(true),
        Some("integer") => json!(0),
        _ => Value::Null,
    }
}

/// The operation as a command for a shell. The token stands in a variable, so that it is in no history.
fn curl(base: &str, operation: &Operation<'_>, sent: Option<&Value>) -> String {
    let Operation { method, path, .. } = operation;
    let mut command = "curl".to_owned();
    if *method != "get" {
        let _ = write!(command, " -X {}", method.to_ascii_uppercase());
    }
    let _ = write!(command, " -H \"Authorization: Bearer $PORTAL_TOKEN\"");
    let headers = operation.about["parameters"].as_array().into_iter().flatten();
    for header in headers.filter(|parameter| parameter["in"] == "header" && parameter["required"] == true) {
        let example = header["example"].as_str().unwrap_or("…");
        let _ = write!(command, " \\\n  -H '{}: {example}'", text(&header["name"]));
    }
    if let Some(sent) = sent {
        let sent = sent.to_string().replace('\'', "'\\''");
        let _ = write!(command, " \\\n  -H 'Content-Type: application/json' -d '{sent}'");
    }
    let _ = write!(command, " \\\n  '{base}{path}'");
    command
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::api::routes;

    #[test]
    fn every_operation_is_shown_with_a_command_that_holds_its_example() {
        let (_, description) = routes();
        let openapi = serde_json::to_value(&description).unwrap();
        let count: usize = grouped(&openapi).values().map(Vec::len).sum();
        assert_eq!(count, 35);
        let order = grouped(&openapi).remove("Management API").unwrap();
        let order = order.into_iter().find(|operation| operation.about["operationId"] == "management_order").unwrap();
        let sent = body(&openapi, &order.about["requestBody"]).unwrap();
        assert_eq!(sent["productType"], "LOGIN");
        assert!(curl("", &order, Some(&sent)).contains("-H 'Idempotency-Key: crm-4711'"));
        let all = grouped(&openapi);
        let create =
            all["Registry"].iter().find(|operation| operation.about["operationId"] == "create_vipps_org").unwrap();
        let sent = body(&openapi, &create.about["requestBody"]).unwrap();
        let expected = json!({
            "org_id": "org_ny_klinikk", "client_id": "vipps-client-new001",
            "client_secret_ref": "vault://orgs/org_ny_klinikk/vipps_secret", "redirect_uri": "myapp://vipps-callback",
            "scopes": ["openid", "phoneNumber"], "environment": "production"
        });
        assert_eq!(sent, expected);
        let command = curl("https://portal.example.com/api", create, Some(&sent));
        assert!(command.starts_with("curl -X POST -H \"Authorization: Bearer $PORTAL_TOKEN\""), "{command}");
        assert!(command.ends_with("'https://portal.example.com/api/v1/vipps-orgs'"), "{command}");
        let list =
            all["Registry"].iter().find(|operation| operation.about["operationId"] == "list_vipps_orgs").unwrap();
        let answer = body(&openapi, &list.about["responses"]["200"]).unwrap();
        assert_eq!(answer["pagination"], json!({"page": 1, "limit": 20, "total": 2}));
        assert_eq!(answer["data"][0]["org_id"], "org_helseapp");
    }
}
