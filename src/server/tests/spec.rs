//! Whether what the portal asks and what the sandbox answers is valid by upstream's published specs.
//!
//! The specs do not come with the portal: `PORTAL_API_SPECS` names the folder that has them. Where
//! it is not set and the folder beside the repository is not there, nothing is checked.

mod beyond;
mod journey;
mod operation;
mod planted;
mod recurring;
mod schema;
mod swagger;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex};

use serde_json::Value;

use self::operation::Operation;
use crate::server::sandbox::{Exchange, Sandbox};

const VARIABLE: &str = "PORTAL_API_SPECS";
const FILES: [&str; 4] = [
    "management-2.0.9.restated.yaml",
    "webhooks-2026-04.yaml",
    "recurring-3.1.2-2025-10.yaml",
    "recurring-v1-2018-09.yaml",
];

/// Read once; none where the specs are not there.
static SPECS: LazyLock<Option<Specs>> = LazyLock::new(|| {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/reference/openapi");
    let named = std::env::var_os(VARIABLE).map(PathBuf::from);
    let Some(folder) = named.or_else(|| beside.is_dir().then_some(beside)) else {
        // Not with a macro, whose output the test runner would keep to itself.
        let line = format!("Requests and answers are not checked against upstream's specs: {VARIABLE} is not set.\n");
        let _ = std::io::stderr().write_all(line.as_bytes());
        return None;
    };
    let files = FILES.map(|file| {
        let path = folder.join(file);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{} cannot be read: {error}", path.display()))
    });
    Some(Specs::read(&files.each_ref().map(String::as_str)))
});

/// Every operation that is published.
pub struct Specs {
    operations: Vec<Operation>,
}

/// What was found in one exchange.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// The operation as `GET /path/{id}`; none where it is not published.
    pub operation: Option<String>,
    pub violations: Vec<String>,
}

impl Specs {
    /// None where they are not there.
    pub fn published() -> Option<&'static Self> {
        SPECS.as_ref()
    }

    /// Reads OpenAPI 3.0 or Swagger 2.0 in YAML.
    pub fn read(files: &[&str]) -> Self {
        let operations = files.iter().flat_map(|text| {
            let mut spec: Value = serde_norway::from_str(text).expect("a spec is YAML");
            beyond::amend(&mut spec);
            Operation::all(&swagger::as_openapi(spec))
        });
        Self { operations: operations.collect() }
    }

    /// As `GET /path/{id}`.
    pub fn operations(&self) -> BTreeSet<String> {
        self.operations.iter().map(Operation::name).collect()
    }

    /// The request is checked always, the answer unless a fault has stood in its place.
    pub fn check(&self, exchange: &Exchange) -> Findings {
        let (path, _) = split(&exchange.path);
        if beyond::is_no_api(path) {
            return Findings::default();
        }
        let Some(operation) = self.operations.iter().find(|operation| operation.is(&exchange.method, path)) else {
            let unknown = !beyond::is_proposed(&exchange.method, path);
            let violations = unknown.then(|| said(exchange, "there is no such operation"));
            return Findings { operation: None, violations: violations.into_iter().collect() };
        };
        let of_request = operation.check_request(exchange).into_iter().map(|what| said(exchange, &what));
        let violations = of_request.chain(self.check_answer(exchange)).collect();
        Findings { operation: Some(operation.name()), violations }
    }

    /// What is wrong with an answer alone, if it is one of a published operation.
    pub fn check_answer(&self, exchange: &Exchange) -> Vec<String> {
        let (path, _) = split(&exchange.path);
        let operation = self.operations.iter().find(|operation| operation.is(&exchange.method, path));
        let checked = operation.filter(|_| !exchange.faulted && !beyond::is_answer_of_the_gateway(exchange));
        let violations = checked.map(|operation| operation.check_answer(exchange)).unwrap_or_default();
        violations.into_iter().map(|what| said(exchange, &what)).collect()
    }

    /// What is wrong with a request alone.
    pub fn check_request(&self, exchange: &Exchange) -> Vec<String> {
        self.check(&Exchange { faulted: true, ..exchange.clone() }).violations
    }
}

/// Path and query.
fn split(path: &str) -> (&str, &str) {
    path.split_once('?').unwrap_or((path, ""))
}

fn said(exchange: &Exchange, what: &str) -> String {
    let status = if exchange.faulted { String::new() } else { format!(" -> {}", exchange.status) };
    format!("{} {}{status}: {what}", exchange.method, exchange.path)
}

/// Looks at all that a sandbox is asked, and fails the test at its end if something was not valid.
#[derive(Default)]
pub struct Watch {
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    /// Operation and status of every answer that no fault has touched.
    met: BTreeSet<(String, u16)>,
    violations: Vec<String>,
}

impl Watch {
    pub fn over(sandbox: &Sandbox) -> Self {
        let watch = Self::default();
        if let Some(specs) = Specs::published() {
            let seen = Arc::clone(&watch.seen);
            sandbox.observe(Arc::new(move |exchange| {
                let findings = specs.check(exchange);
                let mut seen = seen.lock().unwrap();
                if let Some(operation) = findings.operation.filter(|_| !exchange.faulted) {
                    seen.met.insert((operation, exchange.status));
                }
                // The first ones say enough.
                let room = 20_usize.saturating_sub(seen.violations.len());
                seen.violations.extend(findings.violations.into_iter().take(room));
            }));
        }
        watch
    }

    pub fn met(&self) -> BTreeSet<(String, u16)> {
        self.seen.lock().unwrap().met.clone()
    }

    pub fn violations(&self) -> Vec<String> {
        self.seen.lock().unwrap().violations.clone()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let violations = self.violations();
        if !violations.is_empty() && !std::thread::panicking() {
            panic!("not valid by upstream's specs:\n  {}", violations.join("\n  "));
        }
    }
}
