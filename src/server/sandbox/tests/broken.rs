//! Rates, ordered faults, and what they look like on a real connection.

use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

#[tokio::test]
async fn over_the_rate_there_is_429_for_that_client_only() {
    let sandbox = Sandbox::new(&SandboxSettings { rate_limit: 5.0, ..SandboxSettings::default() });
    let client = Client::new(&sandbox, "org_kystkassa").await;
    let other = Client::new(&sandbox, "org_nordbetaling").await;
    let mut refused = None;
    for _ in 0..10 {
        let answer = client.get(&format!("{UNITS}/0000")).await;
        if answer.status == 429 {
            refused = Some(answer);
        }
    }
    let refused = refused.expect("ten calls at five a second");
    assert!(refused.is_gateway() && refused.header("retry-after") == "1", "{}", refused.body);
    assert_eq!(client.token().await.status, 429);
    assert_eq!(other.get(&format!("{UNITS}/0000")).await.status, 404);
    sandbox.set_rate_limit(0.0);
    assert_eq!(client.get(&format!("{UNITS}/0000")).await.status, 404);
    sandbox.set_faults(faults(&["hidden-limit=2"]));
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(client.get(&format!("{UNITS}/0000")).await.status);
    }
    assert_eq!(statuses[..3], [404, 404, 429]);
}

#[tokio::test]
async fn faults_change_answers() {
    let sandbox = sandbox();
    let mut client = Client::new(&sandbox, "org_kystkassa").await;
    let all = client.units().await.len();
    sandbox.set_faults(faults(&["error=503:100%"]));
    let answer = client.get(UNITS).await;
    assert!(answer.status == 503 && answer.is_problem() && answer.header("retry-after") == "1");
    assert_eq!(client.token().await.status, 503);
    sandbox.set_faults(faults(&["error=429"]));
    let answer = client.get(UNITS).await;
    assert!(answer.status == 429 && answer.is_gateway() && answer.header("retry-after") == "1");
    sandbox.set_faults(faults(&["html=100%"]));
    let answer = client.get(UNITS).await;
    assert_eq!((answer.status, answer.header("content-type")), (502, "text/html"));
    sandbox.set_faults(faults(&["malformed=100%"]));
    let answer = client.get(UNITS).await;
    assert_eq!((answer.status, answer.body), (200, Value::Null));
    sandbox.set_faults(faults(&["empty-list"]));
    assert_eq!(client.units().await.len(), 0);
    sandbox.set_faults(faults(&["half-list"]));
    assert_eq!(client.units().await.len(), all / 2);
    sandbox.set_faults(faults(&["latency=60ms..80ms"]));
    let start = Instant::now();
    client.units().await;
    assert!(start.elapsed() >= Duration::from_millis(60));
    sandbox.set_faults(faults(&["expire-tokens=50ms"]));
    client.log_in().await;
    assert_eq!(client.get(UNITS).await.status, 200);
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert_eq!(client.get(UNITS).await.status, 401);
    sandbox.set_faults(faults(&["error=500:25%"]));
    let mut errors = 0;
    for _ in 0..400 {
        errors += u32::from(client.get(&format!("{UNITS}/0000")).await.status == 500);
    }
    assert!((60..140).contains(&errors), "{errors} of 400 at 25 %");
}

#[tokio::test]
async fn older_shapes_are_spoken() {
    let sandbox = sandbox();
    let client = Client::new(&sandbox, "org_kystkassa").await;
    let merchant = &sandbox.merchants_of("org_kystkassa")[0];
    let path = format!("/management/v1/merchants/{}/{}", merchant.scheme, merchant.id);
    let msn = client.units().await[0].0.clone();
    let number: u32 = msn.parse().unwrap();
    let mut answers = Vec::new();
    for shape in ["2023", "wrapped", "numbers", "strings"] {
        sandbox.set_faults(faults(&[&format!("shape={shape}")]));
        let unit = client.get(&format!("{UNITS}/{msn}")).await.body;
        answers.push((client.get(UNITS).await.body, client.get(&path).await.body, unit));
    }
    assert_eq!(answers[0].0["salesUnits"][0]["msn"], number);
    assert!(answers[0].0["salesUnits"][0]["name"].is_string());
    assert_eq!(answers[1].0["msn"][0], *msn);
    assert_eq!(answers[2].0[0]["msn"], number);
    assert_eq!(answers[3].0[0], *msn);
    let old = &answers[0].1["merchant"];
    assert_eq!(old["businessidentifier"]["id"], merchant.id);
    assert_eq!(old["countryCode\""], merchant.scheme[9..11]);
    assert!(old["businessAddress"]["id"].is_string() && old["businessAddress"]["country"].is_string());
    assert_eq!(answers[1].1["merchant"]["businessIdentifier"]["id"], merchant.id);
    assert_eq!(answers[2].1["businessIdentifier"]["id"], merchant.id);
    assert_eq!(answers[2].2["msn"], number);
    assert_eq!(answers[3].2["msn"], *msn);
}

#[tokio::test]
async fn some_serial_numbers_stand_for_faults() {
    let sandbox = sandbox();
    let client = Client::new(&sandbox, "org_jarvikassa").await;
    let answer = client.get(&format!("{UNITS}/900429")).await;
    assert!(answer.status == 429 && answer.is_gateway() && answer.header("retry-after") == "1");
    assert!(client.get(&format!("{UNITS}/900500")).await.is_problem());
    assert_eq!(client.get(&format!("{UNITS}/900503")).await.header("retry-after"), "1");
    assert!(client.get(&format!("{UNITS}/900901")).await.body.is_null());
    let silent = format!("{UNITS}/900504");
    assert!(tokio::time::timeout(Duration::from_millis(50), client.get(&silent)).await.is_err());
    assert_eq!(send(&client.router, Method::GET, &silent, &[], "").await.status, 401);
    let calls = client.sandbox.calls();
    let statuses: Vec<u16> = calls.iter().map(|call| call.status).collect();
    assert_eq!(statuses, [200, 429, 500, 503, 200, 0, 401]);
    assert!(calls[..6].iter().all(|call| call.client_id.as_ref() == Some(&client.keys.client_id)));
    assert_eq!((calls[0].method.as_str(), calls[0].path.as_str()), ("POST", "/accesstoken/get"));
    assert_eq!(calls[6].client_id, None);
    sandbox.clear_calls();
    assert!(sandbox.calls().is_empty());
}

/// The sandbox behind a real socket, with these faults once the caller has its token: what comes
/// back until the connection closes, and when that was.
async fn over_the_wire(
    sandbox: &Arc<Sandbox>,
    path: &str,
    faults: Vec<Fault>,
    stop_after: Duration,
) -> (String, Duration) {
    let client = Client::new(sandbox, "org_kystkassa").await;
    sandbox.set_faults(faults);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let closed = CancellationToken::new();
    let noticed = closed.clone();
    let stop = async move { drop(tokio::time::timeout(stop_after, noticed.cancelled()).await) };
    let server = tokio::spawn(Arc::clone(sandbox).serve(listener, stop));
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let headers: String = client.headers().iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let start = Instant::now();
    let mut bytes = Vec::new();
    let _ =
        tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut bytes)).await.expect("closed in time");
    let took = start.elapsed();
    closed.cancel();
    tokio::time::timeout(Duration::from_secs(10), server).await.expect("stopped in time").unwrap().unwrap();
    (String::from_utf8_lossy(&bytes).into_owned(), took)
}

#[tokio::test]
async fn a_truncated_answer_is_cut_on_the_wire() {
    for (path, fault) in [("/management/v1/sales-units/900900", vec![]), (UNITS, faults(&["truncate=100%"]))] {
        let sandbox = sandbox();
        let (text, took) = over_the_wire(&sandbox, path, fault, Duration::from_secs(4)).await;
        let (head, body) = text.split_once("\r\n\r\n").expect("headers came");
        let announced = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        let announced: usize = announced.parse().unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        assert!(!body.is_empty() && body.len() < announced, "{} of {announced}", body.len());
        assert!(took < Duration::from_secs(3), "the connection was closed at once, not at the end");
        assert!(!head.to_lowercase().contains("transfer-encoding"));
    }
}

#[tokio::test]
async fn an_unanswered_call_ends_when_the_server_stops() {
    let sandbox = sandbox();
    let (text, took) = over_the_wire(&sandbox, &format!("{UNITS}/900504"), vec![], Duration::from_millis(200)).await;
    assert!(text.starts_with("HTTP/1.1 503"), "{text}");
    assert!(took >= Duration::from_millis(150), "{took:?}");
    // And the sandbox can be served again.
    let (text, _) = over_the_wire(&sandbox, &format!("{UNITS}/0000"), vec![], Duration::from_millis(100)).await;
    assert!(text.starts_with("HTTP/1.1 404"), "{text}");
}
