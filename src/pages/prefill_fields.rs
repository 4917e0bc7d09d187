//! The fields of a prefill, in their groups: the same for an order, a template, and the merchant's
//! short form.

use std::collections::BTreeSet;

use leptos::either::Either;
use leptos::prelude::*;

use crate::components::Badge;
use crate::components::Tone;
use crate::components::form::{Field as FieldView, Input};
use crate::components::grouped;
use crate::domain::organisation::OrgId;
use crate::domain::prefill::{Checked, Field, Group, InputKind, PrefillForm, applies, price_package_choices, readable};
use crate::domain::template::lock_name;
use crate::paths;
use crate::server::acting::prefill::Knowledge;

/// The name of the input by which a picture is uploaded. The form keeps its hash under another one.
pub const LOGO_FILE: &str = "logo_file";
/// Ticked if there is to be no picture any more.
pub const REMOVE_LOGO: &str = "remove_logo";

/// What the fields are shown with.
pub struct Fields<'a> {
    pub form: &'a PrefillForm,
    pub knowledge: &'a Knowledge,
    pub checked: Option<&'a Checked>,
    /// What is wrong besides.
    pub faults: &'a [(Field, String)],
    /// Cannot be changed; shown as text.
    pub fixed: Option<&'a BTreeSet<Field>>,
    /// Each field has a checkbox that locks it; these are ticked.
    pub locks: Option<&'a BTreeSet<Field>>,
    /// A password was typed, and is not written back.
    pub password_dropped: bool,
    /// Whose pictures are shown; none where there are no pictures.
    pub organisation: Option<&'a OrgId>,
}

impl Fields<'_> {
    /// A group with those of its fields that are in `asked`, or nothing if none is.
    pub fn group(&self, group: Group, asked: &[Field]) -> Option<AnyView> {
        let fields: Vec<Field> = group.fields().filter(|field| asked.contains(field)).collect();
        if fields.is_empty() {
            return None;
        }
        let matters = fields.iter().any(|field| self.form.has(*field) || self.fault(*field).is_some());
        let shown = fields.into_iter().map(|field| self.field(field)).collect_view();
        let id = group_id(group);
        if group == Group::Compliance {
            return Some(
                view! {
                    <details class="card fold" id=id open=matters>
                        <summary><h2>{group.heading()}</h2><span class="hint">"For what is paid before it is delivered; leave out what is not sold."</span></summary>
                        <div class="entries">{shown}</div>
                    </details>
                }
                .into_any(),
            );
        }
        Some(
            view! {
                <fieldset class="card" id=id>
                    <legend>{group.heading()}</legend>
                    <div class="entries">{shown}</div>
                </fieldset>
            }
            .into_any(),
        )
    }

    fn field(&self, field: Field) -> AnyView {
        let locked = self.locks.is_some_and(|locks| locks.contains(&field));
        let wide = field.kind() == InputKind::LongText || field == Field::PricePackage;
        let shown = if self.fixed.is_some_and(|fixed| fixed.contains(&field)) {
            self.fixed_value(field)
        } else if field == Field::Logo {
            self.logo()
        } else {
            self.input(field)
        };
        let lock = self.locks.map(|_| {
            let name = lock_name(field);
            view! {
                <label class="lock"><input type="checkbox" name=name value="yes" checked=locked/>"Lock"<span class="hidden">{format!(" {}", field.label())}</span></label>
            }
        });
        let id = format!("asked-{}", field.name());
        let decides = matches!(field, Field::Market | Field::BusinessIdentifier | Field::ProductType | Field::UseCase);
        view! { <div class="asked" class:wide=wide id=id data-decides=decides.then_some("")>{shown}{lock}{self.beside(field)}</div> }
            .into_any()
    }

    fn input(&self, field: Field) -> AnyView {
        let value = self.form.get(field).to_owned();
        let input = match field.kind() {
            InputKind::Text => Input::Text,
            InputKind::Number => Input::Digits,
            InputKind::Url => Input::Url,
            InputKind::Password => Input::Password,
            InputKind::Select => Input::Select(self.choices(field)),
            InputKind::Checkbox => Input::Check,
            InputKind::LongText => Input::Long,
            InputKind::File => Input::File("image/png"),
        };
        // A template is for one product; everything else can be left to the merchant.
        let required = if self.locks.is_some() { field == Field::ProductType } else { field.is_required() };
        // A browser would cut what is pasted without a word; the rules say how much is too much.
        let maxlength = field.maxlength().filter(|_| field != Field::SalesUnitName);
        view! {
            <FieldView name=field.name() label=field.label() input value hint=self.hint(field) fault=self.fault(field)
                warnings=self.warnings(field) required maxlength
                autocomplete=field.autocomplete()/>
        }
        .into_any()
    }

    fn logo(&self) -> AnyView {
        let field = Field::Logo;
        let hash = self.form.get(field).to_owned();
        let there = !hash.is_empty() && self.knowledge.logo_png.is_some();
        let label = if there { "Logo (choose another)" } else { field.label() };
        let picture = self.organisation.filter(|_| there).map(|organisation| {
            let source = paths::logo(organisation, &hash);
            view! {
                <p class="picture">
                    <img src=source alt="The logo as it was uploaded" width="64" height="64"/>
                    <label class="radio"><input type="checkbox" name=REMOVE_LOGO value="yes"/>"Remove the logo"</label>
                </p>
            }
        });
        view! {
            <input type="hidden" name=field.name() value=hash/>
            <FieldView name=LOGO_FILE label=label input=Input::File("image/png") hint=self.hint(field)
                fault=self.fault(field) warnings=self.warnings(field)/>
            {picture}
        }
        .into_any()
    }

    fn fixed_value(&self, field: Field) -> AnyView {
        let value = self.form.get(field);
        let shown = match (field, self.organisation) {
            (Field::Logo, Some(organisation)) if !value.is_empty() => {
                let source = paths::logo(organisation, value);
                Either::Left(view! { <img src=source alt="The template's logo" width="64" height="64"/> })
            }
            _ => Either::Right(readable(field, value, &self.knowledge.packages)),
        };
        let id = crate::components::form::field_id(name_of(field));
        view! {
            <div class="entry fixed" id=id>
                <span class="label">{field.label()}</span>
                <p>{shown}</p>
                <p class="hint">"Fixed by the template."</p>
                {self.fault(field).map(|fault| view! { <p class="fault">{fault}</p> })}
            </div>
        }
        .into_any()
    }

    /// Who has this business identifier, as far as the portal knows.
    fn beside(&self, field: Field) -> Option<AnyView> {
        let (name, units) = self.knowledge.merchant.as_ref().filter(|_| field == Field::BusinessIdentifier)?;
        self.organisation?;
        let units = if *units == 1 { "1 sales unit".to_owned() } else { format!("{} sales units", grouped(*units)) };
        let text = format!("{name}, {units}");
        Some(view! { <p class="known"><Badge tone=Tone::Good text/></p> }.into_any())
    }

    fn choices(&self, field: Field) -> Vec<(String, String)> {
        let choices = match field {
            Field::PricePackage => price_package_choices(&self.knowledge.packages, self.form),
            _ => field.choices(),
        };
        let mut choices: Vec<(String, String)> =
            choices.into_iter().map(|choice| (choice.value, choice.label)).collect();
        // What is no choice any more stays chosen, so that it can be seen what is wrong with it.
        let value = self.form.get(field);
        if !value.is_empty() && !choices.iter().any(|(word, _)| word == value) {
            choices.push((value.to_owned(), value.to_owned()));
        }
        choices
    }

    fn hint(&self, field: Field) -> String {
        let undecided = self.form.product_type().is_none() || self.form.use_case().is_none();
        let applies = applies(field, self.form, self.knowledge.compliance);
        match field.only_for() {
            Some(only) if (undecided || !applies) && field.group() != Group::Compliance => {
                format!("{only}. {}", field.hint())
            }
            _ => field.hint().to_owned(),
        }
    }

    fn fault(&self, field: Field) -> Option<String> {
        let checked = self.checked.and_then(|checked| checked.fault_of(field)).map(ToOwned::to_owned);
        let others = self.faults.iter().filter(|(at, _)| *at == field).map(|(_, text)| text.clone());
        let all: Vec<String> = checked.into_iter().chain(others).collect();
        (!all.is_empty()).then(|| all.join(" "))
    }

    fn warnings(&self, field: Field) -> Vec<String> {
        let of_field = self.checked.map(|checked| checked.warnings_of(Some(field)).map(|warning| warning.text.clone()));
        let again = (field.is_secret() && self.password_dropped)
            .then(|| "Type the password again: it is not written back into the form.".to_owned());
        of_field.into_iter().flatten().chain(again).collect()
    }
}

/// The name of the input that a field is filled in with.
pub fn name_of(field: Field) -> &'static str {
    if field == Field::Logo { LOGO_FILE } else { field.name() }
}

pub fn group_id(group: Group) -> String {
    format!("group-{}", group.heading().to_lowercase().replace(' ', "-"))
}
