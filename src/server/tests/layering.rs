//! The rules of the house, read off the sources.

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(folder)];
    let alone = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(format!("{folder}.rs"));
    if alone.exists() {
        found.push((alone.clone(), fs::read_to_string(alone).unwrap()));
    }
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(folder) else { continue };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    found
}

/// Lines that say one of `words`, outside of tests and comments.
fn saying(sources: Vec<(PathBuf, String)>, words: &[&str]) -> Vec<String> {
    let mut lines = Vec::new();
    for (path, text) in sources {
        let path = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().display().to_string();
        if path.contains("/tests") {
            continue;
        }
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        for (number, line) in code.lines().enumerate() {
            let line = line.trim();
            if !line.starts_with("//") && words.iter().any(|word| line.contains(word)) {
                lines.push(format!("{path}:{}: {line}", number + 1));
            }
        }
    }
    lines
}

fn except(lines: Vec<String>, allowed: &[&str]) -> Vec<String> {
    lines.into_iter().filter(|line| !allowed.iter().any(|allowed| line.starts_with(allowed))).collect()
}

const NONE: [String; 0] = [];

#[test]
fn the_domain_knows_nothing_of_the_rest() {
    let words = [
        "crate::server",
        "crate::pages",
        "crate::components",
        "crate::islands",
        "crate::app",
        "crate::paths",
        "leptos",
        "axum",
        "sqlx",
        "tokio",
    ];
    assert_eq!(saying(sources("domain"), &words), NONE);
}

#[test]
fn components_know_no_domain_but_text_and_time() {
    let known = ["crate::domain::freshness", "crate::domain::search_text"];
    let lines = saying(sources("components"), &["crate::domain", "crate::server", "crate::pages"]);
    let lines: Vec<String> = lines.into_iter().filter(|line| !known.iter().any(|known| line.contains(known))).collect();
    assert_eq!(lines, NONE);
}

#[test]
fn pages_reach_an_organisations_rows_through_acting_only() {
    let lines = saying(sources("pages"), &["server::"]);
    let lines: Vec<String> = lines.into_iter().filter(|line| !line.contains("crate::server::acting")).collect();
    assert_eq!(lines, NONE);
}

#[test]
fn only_the_store_has_sql() {
    let lines = saying(sources(""), &["sqlx::query", "query_as!", "query_scalar!", "raw_sql"]);
    // The embedded database is made with SQL before there is a store.
    assert_eq!(except(lines, &["src/server/store", "src/server/postgres"]), NONE);
}

#[test]
fn only_vipps_has_an_http_client() {
    let lines = saying(sources(""), &["reqwest::"]);
    // Settings are checked with its address parser.
    let lines = except(lines, &["src/server/vipps"]);
    let lines: Vec<String> = lines.into_iter().filter(|line| !line.contains("reqwest::Url")).collect();
    assert_eq!(lines, NONE);
}

#[test]
fn islands_know_addresses_and_elements_only() {
    assert_eq!(saying(sources("islands"), &["crate::domain", "crate::server", "crate::pages"]), NONE);
}

#[test]
fn elements_whose_text_is_not_escaped_hold_none() {
    // Leptos 0.8 writes the children of these as they are (leptos-0.9).
    // One component escapes the text of text areas by itself, one draws what it has made itself, and one holds rows that
    // Leptos has written.
    let lines = saying(sources(""), &["<textarea", "<noscript", "<style", "inner_html", "</textarea"]);
    let allowed = ["src/components/form.rs", "src/components/qr_code.rs", "src/components/table_body.rs"];
    assert_eq!(except(lines, &allowed), NONE);
}
