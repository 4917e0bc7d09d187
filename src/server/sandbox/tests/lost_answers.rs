//! Answers that get lost on their way, and who looks on.

use std::sync::Mutex as StdMutex;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

const ORDERS: &str = "/management/v1/product-orders";

/// What comes back from a real connection until it is closed.
async fn on_the_wire(address: std::net::SocketAddr, request: String) -> String {
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    let _ =
        tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut bytes)).await.expect("closed in time");
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn a_lost_answer_is_of_a_call_that_was_carried_out() {
    let sandbox = sandbox();
    let client = Client::new(&sandbox, "org_kystkassa").await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let server = tokio::spawn(Arc::clone(&sandbox).serve(listener, stop.clone().cancelled_owned()));
    sandbox.set_faults(faults(&["lost-answer=100%"]));
    assert_eq!(client.token().await.status, 200, "tokens are not lost");
    assert_eq!(client.get(UNITS).await.status, 200, "reading is not touched");
    let before = sandbox.order_count();
    let headers: String = client.headers().iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let body = json!({"businessIdentifier": {"scheme": "business:NO:ORG", "id": "918713867"}, "productType": "LOGIN"});
    let body = body.to_string();
    let (mut nothing, mut half) = (0, 0);
    for index in 0..20 {
        let request = format!(
            "POST {ORDERS} HTTP/1.1\r\nhost: {address}\r\n{headers}idempotency-key: k{index}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let text = on_the_wire(address, request).await;
        match text.split_once("\r\n\r\n") {
            None => {
                assert_eq!(text, "");
                nothing += 1;
            }
            Some((head, begun)) => {
                let announced = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
                assert!(head.starts_with("HTTP/1.1 201") && begun.len() < announced.parse().unwrap(), "{text}");
                half += 1;
            }
        }
    }
    assert!(nothing > 2 && half > 2, "{nothing} before any byte, {half} in the body");
    assert_eq!(sandbox.order_count(), before + 20);
    let made = sandbox.orders_of("org_kystkassa").pop().unwrap();
    let request = format!("DELETE {ORDERS}/{} HTTP/1.1\r\nhost: {address}\r\n{headers}\r\n", made.id);
    assert_eq!(on_the_wire(address, request).await, "", "no body to be cut in the middle");
    assert_eq!(sandbox.order_count(), before + 19);
    let hook = sandbox.webhooks_of("org_kystkassa").remove(0);
    let request = format!("DELETE /webhooks/v1/webhooks/{} HTTP/1.1\r\nhost: {address}\r\n{headers}\r\n", hook.id);
    assert_eq!(on_the_wire(address, request).await, "");
    assert!(!sandbox.webhooks_of("org_kystkassa").contains(&hook));
    let statuses: Vec<u16> = sandbox.calls().iter().rev().take(3).map(|call| call.status).collect();
    assert_eq!(statuses, [204, 200, 201], "what was lost is noted as it was meant");
    sandbox.set_faults(Vec::new());
    let request = format!(
        "POST {ORDERS} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{headers}idempotency-key: k3\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let text = on_the_wire(address, request).await;
    assert!(
        text.starts_with("HTTP/1.1 201") && text.contains(&format!("http://{address}/register/prefilled/")),
        "{text}"
    );
    assert_eq!(sandbox.order_count(), before + 19, "asked again with the same key");
    stop.cancel();
    server.await.unwrap().unwrap();
}

#[tokio::test]
async fn an_observer_sees_both_sides_of_every_call() {
    let sandbox = sandbox();
    let client = Client::new(&sandbox, "org_kystkassa").await;
    let seen: Arc<StdMutex<Vec<Exchange>>> = Arc::default();
    let noted = Arc::clone(&seen);
    sandbox.observe(Arc::new(move |exchange| noted.lock().unwrap().push(exchange.clone())));
    let body = json!({"businessIdentifier": {"scheme": "business:NO:ORG", "id": "918713867"}, "productType": "LOGIN"});
    let made = client.order("k", &body).await;
    let listed = client.get("/management/v2/product-orders?includeExpired=true").await;
    sandbox.set_faults(faults(&["lost-answer=100%"]));
    client.order("k2", &body).await;
    sandbox.set_faults(faults(&["truncate=100%"]));
    client.get(UNITS).await;
    sandbox.set_faults(faults(&["error=503"]));
    client.get(UNITS).await;
    sandbox.set_faults(faults(&["shape=2023"]));
    client.get(UNITS).await;
    let seen = seen.lock().unwrap();
    let told: Vec<(&str, u16, bool)> =
        seen.iter().map(|exchange| (exchange.method.as_str(), exchange.status, exchange.faulted)).collect();
    let expected = [
        ("POST", 201, false),
        ("GET", 200, false),
        ("POST", 201, true),
        ("GET", 200, true),
        ("GET", 503, true),
        ("GET", 200, true),
    ];
    assert_eq!(told, expected);
    assert_eq!(seen[0].request_body, body.to_string());
    assert_eq!(seen[0].response_body, made.text);
    assert!(seen[0].request_headers.contains(&("idempotency-key".to_owned(), "k".to_owned())));
    assert!(seen[0].response_headers.contains(&("content-type".to_owned(), "application/json".to_owned())));
    assert_eq!(seen[1].path, "/management/v2/product-orders?includeExpired=true");
    assert_eq!(seen[1].response_body, listed.text);
    assert!(serde_json::from_slice::<Value>(&seen[2].response_body).unwrap()["prefillUrl"].is_string());
    assert!(serde_json::from_slice::<Value>(&seen[3].response_body).is_ok());
}
