//! Calls that change something, over connections that break.

use std::collections::VecDeque;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use super::*;

const BODY: &str = r#"{"productType":"LOGIN"}"#;
const MADE: &str = "HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: 121\r\nconnection: close\r\n\r\n\
    {\"prefilledOrderId\":\"81b83246-5c19-7b94-875b-ea6d1114f099\",\"prefillUrl\":\"https://portal.vippsmobilepay.com/register/a12\"}";
const NOT_FOUND: &str = "HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";

/// What a call meets once upstream has read it.
enum Step {
    /// These bytes, then the end of the connection.
    Bytes(&'static str),
    Silence,
}

/// Answers token requests, and calls by `steps`; with none left, nobody listens any more. Gives what was read.
async fn scripted(steps: impl IntoIterator<Item = Step>) -> (Client, Arc<Mutex<Vec<String>>>) {
    let mut steps: VecDeque<Step> = steps.into_iter().collect();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let requests: Arc<Mutex<Vec<String>>> = Arc::default();
    let noted = Arc::clone(&requests);
    tokio::spawn(async move {
        let mut listener = Some(listener);
        let refusing = TcpSocket::new_v4().unwrap();
        refusing.set_reuseaddr(true).unwrap();
        while let Some(listening) = &listener {
            let (mut socket, _) = listening.accept().await.unwrap();
            let request = whole_request(&mut socket).await;
            let step = if request.starts_with("POST /accesstoken/get") {
                Step::Bytes(
                    "HTTP/1.1 200 OK\r\ncontent-length: 44\r\nconnection: close\r\n\r\n\
                    {\"access_token\":\"eyJtoken\",\"expires_in\":900}",
                )
            } else {
                noted.lock().unwrap().push(request);
                steps.pop_front().unwrap()
            };
            if steps.is_empty() {
                listener = None;
                // Nobody else shall listen there.
                refusing.bind(address).unwrap();
            }
            match step {
                Step::Bytes(bytes) => socket.write_all(bytes.as_bytes()).await.unwrap(),
                Step::Silence => drop(tokio::spawn(async move {
                    let _open = socket;
                    std::future::pending::<()>().await;
                })),
            }
        }
        std::future::pending::<()>().await;
    });
    let settings = VippsSettings { rate: 1000.0, read_timeout: Duration::from_millis(200), ..VippsSettings::default() };
    (Vipps::new(settings).unwrap().client(keys(&format!("http://{address}"))), requests)
}

async fn whole_request(socket: &mut TcpStream) -> String {
    let mut read = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&read);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return text.into_owned();
            }
        }
        assert!(socket.read_buf(&mut read).await.unwrap() > 0, "the request ends too early");
    }
}

async fn prefill(client: &Client) -> Result<Prefilled, Error> {
    client.prefill("key-1", BODY.into()).await
}

async fn register(client: &Client) -> Result<RegisteredWebhook, Error> {
    client.register_webhook(None, "https://example.com/hook", &[]).await
}

#[tokio::test]
async fn an_answer_cut_anywhere_is_asked_for_again_with_the_same_key() {
    let cuts = (0..MADE.len()).step_by(9).chain([MADE.len() - 1]);
    let ask = async |cut: usize| {
        let (client, requests) = scripted([Step::Bytes(&MADE[..cut]), Step::Bytes(MADE)]).await;
        let made = prefill(&client).await;
        assert!(made.is_ok(), "cut at {cut}: {made:?}");
        let requests = requests.lock().unwrap();
        assert_eq!(requests.len(), 2, "cut at {cut}");
        assert_eq!(requests[0], requests[1]);
        assert!(requests[0].contains("idempotency-key: key-1\r\n") && requests[0].ends_with(BODY));
    };
    futures::future::join_all(cuts.map(ask)).await;
}

#[tokio::test]
async fn an_outcome_stays_open_when_upstream_cannot_be_reached_any_more() {
    for first in [Step::Bytes(""), Step::Bytes(&MADE[..20]), Step::Bytes(&MADE[..MADE.len() - 5]), Step::Silence] {
        let (client, requests) = scripted([first]).await;
        let error = prefill(&client).await.unwrap_err();
        assert!(matches!(error.failure(), Error::Unreachable { sent: false, .. }), "{error:?}");
        assert!(error.leaves_outcome_open(), "{error:?}");
        assert_eq!(requests.lock().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn what_never_connected_is_not_open() {
    let (client, requests) = scripted([]).await;
    client.check_token().await.unwrap();
    for error in [
        prefill(&client).await.unwrap_err(),
        register(&client).await.unwrap_err(),
        client.delete_webhook(None, uuid::Uuid::nil()).await.unwrap_err(),
    ] {
        assert!(matches!(error, Error::Unreachable { sent: false, .. } | Error::BreakerOpen { .. }), "{error:?}");
        assert!(!error.leaves_outcome_open());
    }
    assert!(requests.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_registration_that_may_have_arrived_is_not_sent_again() {
    for (first, expected) in [
        (Step::Bytes(""), "Unreachable { cause: "),
        (Step::Bytes(&MADE[..20]), "Unreachable { cause: "),
        (Step::Bytes(&MADE[..MADE.len() - 5]), "Truncated"),
        (Step::Silence, "TimedOut"),
    ] {
        let (client, requests) = scripted([first, Step::Bytes(MADE)]).await;
        let error = register(&client).await.unwrap_err();
        assert!(error.leaves_outcome_open(), "{error:?}");
        assert!(format!("{:?}", error.failure()).starts_with(expected), "{error:?}");
        assert_eq!(requests.lock().unwrap().len(), 1, "{error:?}");
    }
}

#[tokio::test]
async fn a_deletion_whose_answer_was_lost_is_done() {
    for first in [Step::Bytes(""), Step::Bytes("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"), Step::Silence] {
        let (client, requests) = scripted([first, Step::Bytes(NOT_FOUND)]).await;
        client.delete_product_order(uuid::Uuid::nil()).await.unwrap();
        let requests = requests.lock().unwrap();
        assert_eq!(requests.len(), 2);
        assert!(requests[0].starts_with("DELETE /management/v1/product-orders/00000000-0000-0000-0000-000000000000 "));
    }
}
