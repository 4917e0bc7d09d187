//! The HTML of the pages for merchants. Everything that somebody typed goes through [`escaped`].

use std::fmt::Write;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::super::packages::PricePackage;
use super::fields::{Field, Kind, PACKAGE, SECTIONS, text_at};

/// A page. `content` is HTML, `title` is not.
pub fn page(status: StatusCode, title: &str, content: &str) -> Response {
    let (head, rest) = include_str!("page.html").split_once("{{title}}").unwrap_or_default();
    let (middle, tail) = rest.split_once("{{content}}").unwrap_or_default();
    let html = [head, &escaped(title), middle, content, tail].concat();
    let policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; base-uri 'none'";
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "same-origin"),
    ];
    (status, headers, html).into_response()
}

/// A page with a heading and a sentence.
pub fn notice(status: StatusCode, title: &str, sentence: &str) -> Response {
    page(status, title, &format!("<h1>{}</h1><p>{}</p>", escaped(title), escaped(sentence)))
}

pub fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            _ => html.push(character),
        }
    }
    html
}

/// What the merchant's form shows.
pub struct Form<'a> {
    pub partner: &'a str,
    pub payload: &'a Value,
    pub packages: &'a [PricePackage],
    pub package_is_locked: bool,
    /// What is wrong with which field.
    pub faults: &'a [(String, String)],
}

impl Form<'_> {
    pub fn html(&self) -> String {
        let mut html = String::new();
        let partner = escaped(self.partner);
        let _ = write!(
            html,
            "<h1>Order a product</h1><p>{partner} has filled in this form for you. Change what is wrong, then submit it.</p>"
        );
        if !self.faults.is_empty() {
            html.push_str("<div role=\"alert\"><p>The order was not submitted. Please correct:</p><ul>");
            for (field, rule) in self.faults {
                let label = label_of(field).unwrap_or(field);
                let _ = write!(html, "<li>{}: {}</li>", escaped(label), escaped(rule));
            }
            html.push_str("</ul></div>");
        }
        html.push_str("<form method=\"post\">");
        for section in &SECTIONS {
            let _ = write!(html, "<h2>{}</h2>", section.title);
            for field in section.fields {
                self.field(&mut html, field);
            }
        }
        html.push_str("<h2>Price</h2>");
        self.price(&mut html);
        if let Some(logo) = self.payload.get("salesUnitLogo").and_then(Value::as_str) {
            let logo = escaped(logo);
            let _ =
                write!(html, "<h2>Logo</h2><img alt=\"Logo of the sales unit\" src=\"data:image/png;base64,{logo}\">");
        }
        if let Some(compliance) = self.payload.get("complianceData").filter(|compliance| !compliance.is_null()) {
            let _ = write!(html, "<h2>What you sell</h2><pre>{}</pre>", escaped(&format!("{compliance:#}")));
        }
        html.push_str("<div class=\"choices\"><button>Submit order</button></div></form>");
        html
    }

    fn field(&self, html: &mut String, field: &Field) {
        let (name, label) = (field.name, field.label);
        let value = text_at(self.payload, name);
        let fault = self.faults.iter().find(|(wrong, _)| wrong == name).map(|(_, rule)| escaped(rule));
        let described = if fault.is_some() {
            format!(" aria-invalid=\"true\" aria-describedby=\"{name}-wrong\"")
        } else {
            String::new()
        };
        html.push_str("<p class=\"field\">");
        if matches!(field.kind, Kind::Check) {
            let checked = if value == "true" { " checked" } else { "" };
            let _ = write!(
                html,
                "<label><input type=\"checkbox\" name=\"{name}\" value=\"true\"{checked}{described}>{label}</label>"
            );
        } else {
            let _ = write!(html, "<label for=\"{name}\">{label}</label>");
        }
        let typed = escaped(&value);
        let input = |html: &mut String, more: &str| {
            let _ = write!(
                html,
                "<input id=\"{name}\" name=\"{name}\" value=\"{typed}\" autocomplete=\"off\"{more}{described}>"
            );
        };
        match &field.kind {
            Kind::Check => {}
            Kind::Text => input(html, ""),
            Kind::Required => input(html, " required"),
            Kind::Secret => input(html, " type=\"password\""),
            Kind::Number => input(html, " inputmode=\"numeric\""),
            Kind::Choice(choices) => select(html, name, &described, &value, choices.iter().copied()),
            Kind::Word(words) => {
                let open = (name != "productType").then_some(("", "–"));
                select(html, name, &described, &value, open.into_iter().chain(words.iter().map(|word| (*word, *word))));
            }
        }
        if let Some(fault) = fault {
            let _ = write!(html, "<span class=\"wrong\" id=\"{name}-wrong\">{fault}</span>");
        }
        html.push_str("</p>");
    }

    fn price(&self, html: &mut String) {
        let chosen = text_at(self.payload, PACKAGE);
        if self.package_is_locked {
            let package = self.packages.iter().find(|package| package.id.to_string() == chosen);
            let told = package.map(|package| escaped(&format!("{}, {}", package.name, package.description)));
            let told = told.unwrap_or_default();
            let _ = write!(
                html,
                "<p>Price package: <strong>{told}</strong>, as agreed with {}.</p>",
                escaped(self.partner)
            );
            return;
        }
        let offered = || self.packages.iter().filter(|package| package.visible);
        let scheme = text_at(self.payload, "businessIdentifier.scheme");
        let product = text_at(self.payload, "productType");
        let fits =
            |package: &&PricePackage| package.market.scheme() == scheme && package.product_type.word() == product;
        let chosen = match offered().find(fits) {
            Some(package) if chosen.is_empty() => package.id.to_string(),
            _ => chosen,
        };
        let offered: Vec<(String, String)> = offered()
            .map(|package| (package.id.to_string(), format!("{}, {}", package.name, package.description)))
            .collect();
        let _ = write!(html, "<p class=\"field\"><label for=\"{PACKAGE}\">Price package</label>");
        select(html, PACKAGE, "", &chosen, offered.iter().map(|(id, told)| (id.as_str(), told.as_str())));
        html.push_str("</p>");
    }
}

fn select<'a>(
    html: &mut String,
    name: &str,
    described: &str,
    value: &str,
    choices: impl Iterator<Item = (&'a str, &'a str)>,
) {
    let _ = write!(html, "<select id=\"{name}\" name=\"{name}\"{described}>");
    for (word, shown) in choices {
        let selected = if word == value { " selected" } else { "" };
        let _ = write!(html, "<option value=\"{}\"{selected}>{}</option>", escaped(word), escaped(shown));
    }
    html.push_str("</select>");
}

fn label_of(field: &str) -> Option<&'static str> {
    let fields = SECTIONS.iter().flat_map(|section| section.fields);
    fields.into_iter().find(|known| known.name == field).map(|known| known.label)
}
