//! The Webhooks API: registrations of the whole partner, or of the unit in `Merchant-Serial-Number`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get};
use axum::{Extension, Json, Router};
use reqwest::Url;
use serde_json::{Value, json};
use uuid::Uuid;

use super::gateway::Caller;
use super::problem::Refusal;
use super::registrations::{EVENTS, Registration, Scope, quota};
use super::strict::{self, Faults, Object};
use super::tokens::is_msn;
use super::world::Reach;
use super::{Sandbox, locked};

const PATH: &str = "/webhooks/v1/webhooks";
const MSN: &str = "Merchant-Serial-Number";
const PORTS: [u16; 3] = [80, 443, 8080];

pub fn routes() -> Router<Arc<Sandbox>> {
    Router::new().route(PATH, get(list).post(register)).route("/webhooks/v1/webhooks/{id}", delete(remove))
}

async fn list(
    State(sandbox): State<Arc<Sandbox>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let scope = scope(&sandbox, caller, &headers).map_err(here)?;
    let webhooks = locked(&sandbox.webhooks);
    let list = sandbox.faults.list_part().of(webhooks.of(scope).iter().collect());
    let answer = |webhook: &&Registration| json!({"id": webhook.id, "url": webhook.url, "events": webhook.events});
    let list: Vec<Value> = list.iter().map(answer).collect();
    Ok(Json(json!({"webhooks": list})).into_response())
}

async fn register(
    State(sandbox): State<Arc<Sandbox>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let scope = scope(&sandbox, caller, &headers).map_err(here)?;
    let (url, events) = read(&headers, &body).map_err(here)?;
    let mut webhooks = locked(&sandbox.webhooks);
    let used_up = webhooks.used_up(scope, &events);
    if !used_up.is_empty() {
        let fault = |event: &&str| {
            let rule = format!("{event} has {} webhooks already, which is the most there may be", quota(event));
            ("events".to_owned(), rule)
        };
        return Err(here(Refusal::invalid_fields(used_up.iter().map(fault).collect())));
    }
    let id = Uuid::new_v4();
    webhooks.add(scope, Registration { id, url, events });
    // Shown this once, and not kept.
    let answer = Json(json!({"id": id, "secret": Uuid::new_v4()}));
    Ok((StatusCode::CREATED, answer).into_response())
}

async fn remove(
    State(sandbox): State<Arc<Sandbox>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    id: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, Refusal> {
    let Path(id) = id.map_err(|rejection| here(rejection.into()))?;
    let scope = scope(&sandbox, caller, &headers).map_err(here)?;
    let id = Uuid::parse_str(&id).map_err(|_| here(Refusal::invalid("id", "must be a UUID")))?;
    if locked(&sandbox.webhooks).remove(scope, id) {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(here(Refusal::not_found("The webhook was not found.")))
    }
}

/// In the way of the Webhooks API.
fn here(refusal: Refusal) -> Refusal {
    refusal.said_at(PATH)
}

fn scope(sandbox: &Sandbox, caller: Caller, headers: &HeaderMap) -> Result<Scope, Refusal> {
    let Some(msn) = headers.get(MSN).map(HeaderValue::to_str) else {
        return match caller.reach {
            Reach::Partner(partner) => Ok(Scope::Partner(partner)),
            Reach::Unit(_) => Err(Refusal::invalid(MSN, "is required with the keys of a sales unit")),
        };
    };
    let msn = msn.ok().filter(|msn| is_msn(msn)).ok_or_else(|| Refusal::invalid(MSN, "must match ^[0-9]{4,10}$"))?;
    let world = sandbox.world();
    let unit = world.unit(msn, caller.reach);
    unit.map(|unit| Scope::Unit(unit.msn)).ok_or_else(|| Refusal::invalid(MSN, "is not valid for these keys"))
}

fn read(headers: &HeaderMap, body: &[u8]) -> Result<(String, Vec<&'static str>), Refusal> {
    // This API documents 400 only.
    strict::check_content_type(headers).map_err(|_| Refusal::invalid("Content-Type", "must be application/json"))?;
    let body = strict::body(body)?;
    let faults = Faults::default();
    let object = Object::read(&body, "", &["url*", "events*"], &faults);
    let url = object.as_ref().and_then(|object| object.text("url", "", |_| true));
    if let Some(reason) = url.and_then(refused) {
        faults.say("url", reason);
    }
    let events = object.as_ref().and_then(|object| object.value("events")).map(|events| known_events(events, &faults));
    faults.verdict()?;
    Ok((url.unwrap_or_default().to_owned(), events.unwrap_or_default()))
}

fn known_events(events: &Value, faults: &Faults) -> Vec<&'static str> {
    let Value::Array(events) = events else {
        faults.say("events", "must be an array");
        return Vec::new();
    };
    if events.is_empty() {
        faults.say("events", "must have at least one event");
    }
    let mut known: Vec<&'static str> = Vec::new();
    for (index, event) in events.iter().enumerate() {
        let name = event.as_str().and_then(|name| EVENTS.into_iter().find(|known| *known == name));
        match (name, event) {
            (Some(name), _) if known.contains(&name) => {}
            (Some(name), _) => known.push(name),
            (None, Value::String(_)) => faults.say(format!("events[{index}]"), "is not a known event"),
            (None, _) => faults.say(format!("events[{index}]"), "must be a string"),
        }
    }
    known
}

/// Why nothing can be sent to an address.
fn refused(url: &str) -> Option<&'static str> {
    let Ok(parsed) = Url::parse(url) else { return Some("must be a URL") };
    if parsed.scheme() != "https" {
        return Some("must use https");
    }
    if !parsed.port_or_known_default().is_some_and(|port| PORTS.contains(&port)) {
        return Some("must use port 80, 443 or 8080");
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Some("must not have a user name or a password");
    }
    (!is_public(&parsed)).then_some("must be reachable from everywhere")
}

fn is_public(url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    match host.trim_matches(['[', ']']).parse() {
        Ok(IpAddr::V4(address)) => is_public_v4(address),
        Ok(IpAddr::V6(address)) => match address.to_ipv4_mapped() {
            Some(address) => is_public_v4(address),
            None => is_public_v6(address),
        },
        Err(_) => {
            let host = host.trim_end_matches('.').to_ascii_lowercase();
            let local = ["localhost", "local", "internal", "lan", "home.arpa"];
            host.contains('.')
                && !local.iter().any(|end| host.strip_suffix(end).is_some_and(|rest| rest.ends_with('.')))
        }
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let inside = address.is_private() || address.is_loopback() || address.is_link_local() || address.octets()[0] == 0;
    // 100.64.0.0/10 is behind the routers of the providers.
    let shared = address.octets()[0] == 100 && address.octets()[1] & 0b1100_0000 == 64;
    !(inside || shared || address.is_broadcast() || address.is_multicast())
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let inside = address.is_loopback() || address.is_unspecified() || address.is_unique_local();
    !(inside || address.is_unicast_link_local() || address.is_multicast())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_https_addresses_on_common_ports_are_taken() {
        for good in [
            "https://example.com/webhook-callback",
            "https://hooks.example.com:8080/",
            "https://example.com:443",
            "https://example.com:80/x?y=1",
            "https://93.184.216.34/",
            "https://[2606:2800:220:1::1]/",
            "https://blåbær.example/",
        ] {
            assert_eq!(refused(good), None, "{good}");
        }
        for bad in [
            "",
            "example.com",
            "http://example.com/",
            "ftp://example.com/",
            "https://example.com:8443/",
            "https://localhost/",
            "https://LOCALHOST./",
            "https://a.localhost/",
            "https://printer.local/",
            "https://intranet/",
            "https://127.0.0.1/",
            "https://10.1.2.3/",
            "https://172.20.0.1/",
            "https://192.168.1.1/",
            "https://169.254.1.1/",
            "https://100.64.0.1/",
            "https://0.0.0.0/",
            "https://2130706433/",
            "https://[::1]/",
            "https://[fe80::1]/",
            "https://[fd00::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://user:secret@example.com/",
        ] {
            assert!(refused(bad).is_some(), "{bad}");
        }
    }
}
