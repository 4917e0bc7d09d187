//! Forms: labelled fields with their hints and faults, and questions before what cannot be undone.

use leptos::prelude::*;

/// How a field is filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    Text,
    /// Whole numbers: the keyboard of a phone shows digits.
    Digits,
    Url,
    Email,
    /// Never filled in again by the server.
    Password,
    Long,
    Check,
    /// Value and label of each choice; the first one chooses nothing unless the field is required.
    Select(Vec<(String, String)>),
    /// The kinds of files, as `accept` takes them.
    File(&'static str),
}

/// A field with its label, its hint and, where it was refused, its fault right beside it.
#[component]
pub fn Field(
    #[prop(into)] name: String,
    #[prop(into)] label: String,
    #[prop(default = Input::Text)] input: Input,
    #[prop(optional, into)] value: String,
    #[prop(optional, into)] hint: String,
    #[prop(optional_no_strip, into)] fault: Option<String>,
    /// What is no fault, but worth a second look.
    #[prop(optional)]
    warnings: Vec<String>,
    #[prop(optional)] required: bool,
    #[prop(optional)] disabled: bool,
    #[prop(optional_no_strip)] maxlength: Option<usize>,
    #[prop(optional, into)] autocomplete: String,
) -> impl IntoView {
    let id = field_id(&name);
    let (hint_id, fault_id, warning_id) = (format!("{id}-hint"), format!("{id}-fault"), format!("{id}-warning"));
    let invalid = fault.is_some().then_some("true");
    let parts = [(!hint.is_empty(), &hint_id), (fault.is_some(), &fault_id), (!warnings.is_empty(), &warning_id)];
    let described: Vec<&str> = parts.into_iter().filter_map(|(there, id)| there.then_some(id.as_str())).collect();
    let described = (!described.is_empty()).then(|| described.join(" "));
    let autocomplete = if autocomplete.is_empty() { "off".to_owned() } else { autocomplete };
    let is_check = input == Input::Check;
    let typed = |kind: &'static str, mode: Option<&'static str>, value: Option<String>| {
        view! {
            <input id=id.clone() type=kind name=name.clone() value=value inputmode=mode required=required
                disabled=disabled maxlength=maxlength autocomplete=autocomplete.clone()
                aria-invalid=invalid aria-describedby=described.clone()/>
        }
        .into_any()
    };
    let control = match &input {
        Input::Text => typed("text", None, Some(value)),
        Input::Digits => typed("text", Some("numeric"), Some(value)),
        Input::Url => typed("url", None, Some(value)),
        Input::Email => typed("email", None, Some(value)),
        Input::Password => typed("password", None, None),
        Input::Long => {
            // Leptos 0.8 writes the children of a textarea as they are (leptos-0.9).
            let escaped = escape(&value);
            view! {
                <textarea id=id.clone() name=name.clone() rows="4" required=required disabled=disabled maxlength=maxlength
                    aria-invalid=invalid aria-describedby=described.clone() inner_html=escaped></textarea>
            }
            .into_any()
        }
        Input::Check => view! {
            <input id=id.clone() type="checkbox" name=name.clone() value="yes" checked=value == "yes" disabled=disabled
                aria-invalid=invalid aria-describedby=described.clone()/>
        }
        .into_any(),
        Input::Select(options) => {
            let none = (!required || value.is_empty()).then(|| view! { <option value="">"–"</option> });
            let options = options.clone().into_iter().map(|(word, label)| {
                let selected = word == value;
                view! { <option value=word selected=selected>{label}</option> }
            });
            let options = options.collect_view();
            view! {
                <select id=id.clone() name=name.clone() required=required disabled=disabled
                    aria-invalid=invalid aria-describedby=described.clone()>{none}{options}</select>
            }
            .into_any()
        }
        Input::File(accept) => view! {
            <input id=id.clone() type="file" name=name.clone() accept=*accept disabled=disabled
                aria-invalid=invalid aria-describedby=described.clone()/>
        }
        .into_any(),
    };
    let label = view! { <label for=id.clone()>{label}{required.then(|| view! { " "<span class="required">"required"</span> })}</label> };
    view! {
        <div class="entry" class:tick=is_check>
            {label}
            {control}
            {(!hint.is_empty()).then(|| view! { <p class="hint" id=hint_id>{hint}</p> })}
            {fault.map(|fault| view! { <p class="fault" id=fault_id>{fault}</p> })}
            {(!warnings.is_empty()).then(|| view! { <p class="doubt" id=warning_id>{warnings.join(" ")}</p> })}
        </div>
    }
}

/// The faults of a whole form, each leading to its field.
#[component]
pub fn FaultSummary(
    /// Name of the field and what is wrong with it.
    faults: Vec<(String, String)>,
    #[prop(into)] title: String,
) -> impl IntoView {
    let lines = faults.into_iter().map(|(name, text)| {
        let target = format!("#{}", field_id(&name));
        view! { <li><a href=target>{text}</a></li> }
    });
    let lines = lines.collect_view();
    view! {
        <div class="fault" role="alert" tabindex="-1" id="faults">
            <p><strong>{title}</strong></p>
            <ul>{lines}</ul>
        </div>
    }
}

/// A deed that cannot be undone: opened first, then confirmed; both without any script.
#[component]
pub fn Confirm(
    /// What opens the question, such as *Delete this order*.
    #[prop(into)]
    label: String,
    #[prop(into)] action: String,
    /// What is on the button that does it.
    #[prop(into)]
    button: String,
    /// Why it cannot be done now; the control stands there, disabled.
    #[prop(optional_no_strip, into)]
    refused: Option<String>,
    /// Opened already, for it was sent and something was wrong.
    #[prop(optional)]
    open: bool,
    /// What will happen.
    children: Children,
) -> impl IntoView {
    if let Some(reason) = refused {
        return view! { <Disabled label reason/> }.into_any();
    }
    view! {
        <details class="confirm" open=open>
            <summary class="button">{label}</summary>
            <form method="post" action=action>
                {children()}
                <button type="submit" class="danger">{button}</button>
            </form>
        </details>
    }
    .into_any()
}

/// A control that is there but cannot be used, and why.
#[component]
pub fn Disabled(#[prop(into)] label: String, #[prop(into)] reason: String) -> impl IntoView {
    view! {
        <p class="disabled">
            <button type="button" disabled=true>{label}</button>
            <span class="hint">{reason}</span>
        </p>
    }
}

/// Where a field can be linked to.
pub fn field_id(name: &str) -> String {
    format!("field-{name}")
}

fn escape(text: &str) -> String {
    // A browser drops the first line break of a text area.
    format!("\n{}", text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_area_cannot_be_broken_out_of() {
        let html = view! { <Field name="note" label="Note" input=Input::Long value="</textarea><script>alert(1)</script>&amp;"/> }.to_html();
        assert!(html.contains("&lt;/textarea&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;</textarea>"), "{html}");
        assert!(!html.contains("<script>"), "{html}");
    }

    #[test]
    fn a_fault_is_tied_to_its_field() {
        let fault = Some("Too long.".to_owned());
        let html = view! { <Field name="name" label="Name" value="x" hint="As on the sign." fault/> }.to_html();
        assert!(html.contains(r#"aria-describedby="field-name-hint field-name-fault""#), "{html}");
        assert!(html.contains(r#"aria-invalid="true""#), "{html}");
    }

    #[test]
    fn a_password_is_not_sent_back() {
        let html = view! { <Field name="p" label="Password" input=Input::Password value="hunter2"/> }.to_html();
        assert!(!html.contains("hunter2"), "{html}");
    }
}
