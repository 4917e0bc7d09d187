//! OpenAPI 3.0's schemas as JSON Schema.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jsonschema::{Draft, Validator};
use serde_json::{Map, Value, json};

/// What a `$ref` stands for, or the value itself.
pub fn resolved<'spec>(spec: &'spec Value, value: &'spec Value) -> &'spec Value {
    let Some(reference) = value.get("$ref").and_then(Value::as_str) else { return value };
    let pointer = reference.strip_prefix('#').expect("specs refer to themselves only");
    let found = spec.pointer(pointer).unwrap_or_else(|| panic!("the spec has no {reference}"));
    resolved(spec, found)
}

/// The same schema in JSON Schema, without references. Objects hold nothing that is not named.
pub fn json_schema(spec: &Value, schema: &Value) -> Value {
    let schema = resolved(spec, schema).as_object().expect("a schema is an object");
    let inner = |value: &Value| json_schema(spec, value);
    let mut made = Map::new();
    for (keyword, value) in schema {
        let value = match keyword.as_str() {
            "properties" => {
                let fields = value.as_object().expect("properties are an object");
                fields.iter().map(|(name, schema)| (name.clone(), inner(schema))).collect()
            }
            "items" => inner(value),
            "allOf" | "anyOf" | "oneOf" => value.as_array().expect("a list of schemas").iter().map(inner).collect(),
            "nullable" | "example" | "description" | "default" | "title" | "deprecated" => continue,
            "discriminator" | "readOnly" | "allowEmptyValue" => continue,
            // In OpenAPI they say of `minimum` and `maximum` whether these count themselves.
            "exclusiveMinimum" | "exclusiveMaximum" if value == false => continue,
            // A pattern in the wrong place, and a name that only OpenAPI's users have.
            "format" if value.as_str().is_some_and(|format| format.starts_with('^')) => {
                made.insert("pattern".into(), value.clone());
                continue;
            }
            "format" if value == "URL" => json!("uri"),
            "type" | "enum" | "required" | "format" | "pattern" | "additionalProperties" => value.clone(),
            "minLength" | "maxLength" | "minimum" | "maximum" => value.clone(),
            other => panic!("no test knows the keyword {other}"),
        };
        made.insert(keyword.clone(), value);
    }
    if made.contains_key("properties") {
        made.entry("additionalProperties").or_insert(Value::Bool(false));
    }
    if schema.get("nullable") == Some(&Value::Bool(true)) {
        if let Some(kind) = made.get_mut("type") {
            *kind = json!([kind, "null"]);
        }
        if let Some(Value::Array(words)) = made.get_mut("enum") {
            words.push(Value::Null);
        }
    }
    Value::Object(made)
}

pub fn validator(json_schema: &Value) -> Validator {
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .should_validate_formats(true)
        .with_format("byte", |text: &str| STANDARD.decode(text).is_ok())
        .build(json_schema)
        .unwrap_or_else(|error| panic!("{json_schema} is no schema: {error}"))
}

/// What is wrong with a value, each with its place in it.
pub fn faults(validator: &Validator, value: &Value) -> Vec<String> {
    let faults = validator.iter_errors(value).map(|fault| {
        let place = fault.instance_path().to_string();
        if place.is_empty() { fault.to_string() } else { format!("{place}: {fault}") }
    });
    faults.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openapi_s_own_words_are_understood() {
        let spec = json!({"components": {"schemas": {
            "Name": {"type": "string", "nullable": true, "maxLength": 3, "pattern": r"^[\p{L}\p{M}\d\\(\)-_\+\s\.`]+$"},
            "Word": {"type": "string", "nullable": true, "enum": ["A", "B"]},
        }}});
        let schema = json!({"type": "object", "required": ["id"], "properties": {
            "id": {"type": "string", "format": "uuid"},
            "name": {"$ref": "#/components/schemas/Name"},
            "words": {"type": "array", "items": {"$ref": "#/components/schemas/Word"}},
            "url": {"type": "string", "format": "URL"},
            "logo": {"type": "string", "format": "byte"},
            "code": {"type": "string", "format": "^[0-9]{4}$"},
            "at": {"type": "string", "format": "date-time"},
        }});
        let validator = validator(&json_schema(&spec, &schema));
        let id = "8a11afb7-c223-48ed-8ca6-4722b97261aa";
        for good in [
            json!({"id": id}),
            json!({"id": id, "name": null, "words": ["A", null], "url": "https://example.com", "logo": "aGk="}),
            json!({"id": id, "name": "Æ` ", "code": "5942", "at": "2026-11-20T12:00:00.5Z"}),
        ] {
            assert_eq!(faults(&validator, &good), [""; 0], "{good}");
        }
        for (bad, place) in [
            (json!({}), "required"),
            (json!({"id": null}), "/id"),
            (json!({"id": "7"}), "/id"),
            (json!({"id": id, "new": 1}), "new"),
            (json!({"id": id, "name": "a&b"}), "/name"),
            (json!({"id": id, "name": "ååååå"}), "/name"),
            (json!({"id": id, "words": ["C"]}), "/words/0"),
            (json!({"id": id, "url": "example"}), "/url"),
            (json!({"id": id, "logo": "?"}), "/logo"),
            (json!({"id": id, "code": "12"}), "/code"),
            (json!({"id": id, "at": "2026-31-12"}), "/at"),
        ] {
            let faults = faults(&validator, &bad);
            assert!(faults.len() == 1 && faults[0].contains(place), "{bad}: {faults:?}");
        }
    }
}
