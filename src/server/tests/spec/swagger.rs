//! Swagger 2.0 as OpenAPI 3.0: the same in other places.

use serde_json::{Map, Value, json};

/// The spec itself if it is OpenAPI already.
pub fn as_openapi(spec: Value) -> Value {
    if spec["swagger"] != "2.0" {
        return spec;
    }
    let base = spec["basePath"].as_str().unwrap_or_default();
    let paths = spec["paths"].as_object().expect("paths").iter().map(|(path, methods)| {
        let methods = methods.as_object().expect("a path has methods").iter();
        let methods: Map<String, Value> = methods.map(|(method, asked)| (method.clone(), operation(asked))).collect();
        (path.clone(), Value::Object(methods))
    });
    json!({
        "openapi": "3.0.0",
        "servers": [{"url": format!("https://upstream.example{base}")}],
        "paths": paths.collect::<Map<String, Value>>(),
        "definitions": spec["definitions"],
    })
}

fn operation(asked: &Value) -> Value {
    let types = |name: &str| asked.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let content = |types: &[Value], schema: &Value| -> Value {
        let each = types.iter().map(|kind| (kind.as_str().expect("a type").to_owned(), json!({"schema": schema})));
        Value::Object(each.collect())
    };
    let parameters = asked["parameters"].as_array().map_or(&[][..], Vec::as_slice);
    let (body, others): (Vec<&Value>, Vec<&Value>) = parameters.iter().partition(|parameter| parameter["in"] == "body");
    let others = others.into_iter().map(|parameter| {
        let mut schema = parameter.as_object().expect("a parameter").clone();
        schema.retain(|name, _| matches!(name.as_str(), "type" | "enum" | "format" | "pattern"));
        json!({
            "name": parameter["name"],
            "in": parameter["in"],
            "required": parameter["required"],
            "schema": schema,
        })
    });
    let answers = asked["responses"].as_object().expect("responses").iter().map(|(status, answer)| {
        let answer = answer
            .get("schema")
            .map_or_else(|| json!({}), |schema| json!({"content": content(&types("produces"), schema)}));
        (status.clone(), answer)
    });
    let mut operation = json!({
        "parameters": others.collect::<Vec<_>>(),
        "responses": answers.collect::<Map<String, Value>>(),
    });
    if let Some(body) = body.first() {
        operation["requestBody"] =
            json!({"required": body["required"], "content": content(&types("consumes"), &body["schema"])});
    }
    operation
}
