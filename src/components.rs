//! What pages are made of. Nothing here knows sales units or partners.

pub mod chart;
pub mod form;
pub mod qr_code;
pub mod table_body;

use std::sync::Arc;

use leptos::prelude::*;
use time::OffsetDateTime;

use crate::domain::freshness::{absolute, ago, machine};
use crate::domain::search_text::mark;

/// Text with what was searched for marked in it.
#[component]
pub fn Marked(text: String, needles: Arc<[String]>) -> impl IntoView {
    if needles.is_empty() {
        return text.into_any();
    }
    let pieces = mark(&text, &needles).into_iter().map(|piece| {
        let text = piece.text.to_owned();
        if piece.marked { view! { <mark>{text}</mark> }.into_any() } else { text.into_any() }
    });
    pieces.collect_view().into_any()
}

/// A button that copies `text`. Shown only where the script that does it has loaded; its icon
/// comes from the style sheet, because a list holds a hundred of them.
#[component]
pub fn Copy(text: String, #[prop(into)] what: String) -> impl IntoView {
    view! {
        <button type="button" class="copy" data-copy=text title=format!("Copy {what}")></button>
    }
}

/// How long ago something was; the exact time on hovering and for machines.
#[component]
pub fn Ago(then: OffsetDateTime) -> impl IntoView {
    let now = OffsetDateTime::now_utc();
    view! { <time datetime=machine(then) title=absolute(then)>{ago(then, now)}</time> }
}

/// What a badge says at a glance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Good,
    Bad,
    Warning,
    Quiet,
}

#[component]
pub fn Badge(tone: Tone, #[prop(into)] text: String) -> impl IntoView {
    let class = match tone {
        Tone::Good => "badge good",
        Tone::Bad => "badge bad",
        Tone::Warning => "badge warning",
        Tone::Quiet => "badge",
    };
    view! { <span class=class>{text}</span> }
}

/// An icon from the sprite in every page's document; decoration only.
#[component]
pub fn Icon(name: &'static str) -> impl IntoView {
    view! {
        <svg class="icon" aria-hidden="true" focusable="false">
            <use href=format!("/icons.svg#{name}")/>
        </svg>
    }
}

/// Said in place of rows, when there are none.
#[component]
pub fn Empty(#[prop(into)] title: String, children: Children) -> impl IntoView {
    view! {
        <div class="empty">
            <h2>{title}</h2>
            {children()}
        </div>
    }
}

/// A choice in a filter form; the first option chooses nothing.
#[component]
pub fn Choice(
    name: &'static str,
    #[prop(into)] label: String,
    /// Value and label of each option.
    options: Vec<(String, String)>,
    chosen: Option<String>,
) -> impl IntoView {
    let options = options.into_iter().map(|(value, label)| {
        let selected = chosen.as_deref() == Some(value.as_str());
        view! { <option value=value selected=selected>{label}</option> }
    });
    view! {
        <label class="choice">
            <span>{label}</span>
            <select name=name>
                <option value="">"Any"</option>
                {options.collect_view()}
            </select>
        </label>
    }
}

/// A number as people read it: `12 345`, with spaces that do not break.
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push('\u{a0}');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        let cases = [(0, "0"), (999, "999"), (1_000, "1\u{a0}000"), (1_234_567, "1\u{a0}234\u{a0}567")];
        for (number, expected) in cases {
            assert_eq!(grouped(number), expected);
        }
    }
}
