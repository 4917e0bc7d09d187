//! A list as a file, and as programs read it.

use leptos::prelude::*;

use crate::components::{Copy, Icon};
use crate::domain::columns::Column;
use crate::domain::export::Format;
use crate::domain::list::Choosable;
use crate::paths;

/// What to export, and from where.
pub struct ExportMenu {
    /// The address of the file.
    pub path: String,
    /// The whole address at which programs read the list; empty if none does.
    pub api: String,
    pub columns: &'static [Column],
    /// The filter of the list as it is shown, as keys and values of the address.
    pub chosen: Vec<(&'static str, String)>,
}

impl ExportMenu {
    pub fn show(self) -> impl IntoView + use<> {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.chosen).finish();
        let command =
            format!("curl -H \"Authorization: Bearer $PORTAL_TOKEN\" \"{}\"", paths::with_query(&self.api, &query));
        let for_programs = (!self.api.is_empty()).then(|| {
            view! {
                <h2>"For programs"</h2>
                <p class="command"><code>{command.clone()}</code><Copy text=command what="command"/></p>
                <p class="hint"><a href=paths::API_DOCS>"What programs can ask"</a></p>
            }
        });
        let filter = self.chosen.into_iter().map(|(key, value)| view! { <input type="hidden" name=key value=value/> });
        let filter = filter.collect_view();
        let columns = self.columns.iter().map(|column| {
            view! { <label><input type="checkbox" name="columns" value=column.name checked=true/>{column.label}</label> }
        });
        let columns = columns.collect_view();
        let buttons = Format::ALL.iter().map(|format| {
            view! { <button type="submit" name="format" value=format.word()>{format!("Download {}", format.label())}</button> }
        });
        let buttons = buttons.collect_view();
        view! {
            <details class="export">
                <summary><Icon name="download"/>"Export"</summary>
                <div class="popover">
                    <form method="get" action=self.path>
                        {filter}
                        <p class="hint">"All rows that match, in the order shown."</p>
                        <fieldset>
                            <legend>"Columns"</legend>
                            <div class="column-choice">{columns}</div>
                        </fieldset>
                        <p class="actions">{buttons}</p>
                    </form>
                    {for_programs}
                </div>
            </details>
        }
    }
}
