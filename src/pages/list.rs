//! What every list looks like: a form to find rows, what is chosen, the rows, their pages.
//!
//! A page says what its list is called and what stands in a row; everything else is the same in
//! all of them, and known to the islands by its ids: `#filter`, `#results`.

use leptos::either::Either;
use leptos::prelude::*;

use super::export::ExportMenu;
use super::parameter;
use crate::components::table_body::table_body;
use crate::components::{Choice, Empty, Icon, grouped};
use crate::domain::columns::Column;
use crate::domain::freshness::CopyState;
use crate::domain::list::{Choosable, Facets, ListFilter, ListQuery, TEXT_LIMIT};
use crate::domain::page::{Page, Position};
use crate::islands::live_filter::LiveFilter;
use crate::paths;

/// What a list is called, where it stands, and what is asked of it.
pub struct List<'a, F: Facets> {
    /// Its address, without a query.
    pub path: String,
    /// `Sales units`.
    pub title: &'static str,
    /// One of them, and many, within a sentence.
    pub one: &'static str,
    pub many: &'static str,
    /// What is searched: `Name, MSN, merchant or business identifier`.
    pub searched: &'static str,
    /// What of it can be had as a file; none if it cannot.
    pub columns: &'static [Column],
    /// The whole address at which programs read it.
    pub api: String,
    pub query: &'a ListQuery<F>,
}

/// What is said in place of rows.
pub struct Nothing {
    /// If no row has what was looked for, in one sentence; and what else is good to know then.
    pub no_match: &'static str,
    pub hint: Option<String>,
    /// If there are no rows at all: a title and a sentence.
    pub none: (&'static str, &'static str),
}

impl<F: Facets> List<'_, F> {
    /// The address of the list with this filter.
    pub fn with(&self, filter: &ListFilter<F>) -> String {
        paths::with_query(&self.path, &filter.to_query())
    }

    /// The address of the list as it is shown.
    pub fn shown(&self) -> String {
        paths::with_query(&self.path, &self.query.to_query())
    }

    /// The form that finds rows; `facets` are its [`choice`]s.
    pub fn form(&self, facets: Vec<AnyView>) -> AnyView {
        let filter = &self.query.filter;
        let (path, title, searched, text) = (self.path.clone(), self.title, self.searched, filter.text.clone());
        let open = filter.facets != F::default();
        let order = filter.order().map(|order| view! { <input type="hidden" name="sort" value=order/> });
        view! {
            <LiveFilter>
                <form id="filter" class="filter" method="get" action=path role="search" aria-label=title>
                    <label class="search">
                        <span class="hidden">{searched}</span>
                        <input type="search" name="q" value=text maxlength=TEXT_LIMIT autocomplete="off"
                            placeholder=searched
                            spellcheck="false" enterkeyhint="search" data-focus-key="/"/>
                    </label>
                    <button type="submit">"Find"</button>
                    <details class="facets" open=open>
                        <summary><Icon name="filter"/>"Filters"</summary>
                        <div class="facet-grid">{facets}</div>
                    </details>
                    {order}
                </form>
            </LiveFilter>
        }
        .into_any()
    }

    /// How many there are, what they are narrowed down by, and the rows of this page.
    pub fn results<Row>(
        &self,
        page: Page<Row>,
        columns: Vec<AnyView>,
        row: impl Fn(Row) -> AnyView,
        nothing: &Nothing,
    ) -> AnyView {
        let filter = &self.query.filter;
        let ignored = (!self.query.ignored.is_empty())
            .then(|| format!("Left out, because its value means nothing here: {}.", self.query.ignored.join(", ")));
        let chips = filter.chips().into_iter().map(|(label, without)| {
            let path = self.with(&without);
            view! { <li><a class="chip" href=path title="Take this filter away">{label}<Icon name="cross"/></a></li> }
        });
        let chips = chips.collect_view();
        let summary = self.summary(&page);
        let title = self.title;
        let export = ExportMenu {
            path: paths::export(&self.path),
            api: self.api.clone(),
            columns: self.columns,
            chosen: filter.chosen(),
        };
        let export = (!self.columns.is_empty()).then(|| export.show());
        let rows = if page.rows.is_empty() {
            self.empty(&page, nothing)
        } else {
            let pager = self.pager(&page);
            let rows = table_body(page.rows.into_iter().map(row));
            view! {
                <table class="list">
                    <caption class="hidden">{title}</caption>
                    <thead><tr>{columns}</tr></thead>
                    {rows}
                </table>
                {pager}
            }
            .into_any()
        };
        view! {
            <section id="results" aria-label=title>
                <div class="summary-line">
                    <p class="summary" role="status">{summary}</p>
                    <ul class="chips" aria-label="Filters">{chips}</ul>
                    {export}
                </div>
                {ignored.map(|ignored| view! { <p class="notice">{ignored}</p> })}
                {rows}
            </section>
        }
        .into_any()
    }

    /// The heading of a column that the list can be sorted by.
    pub fn sortable(&self, sort: F::Sort) -> AnyView {
        let filter = &self.query.filter;
        let direction = (filter.sort == sort).then_some(if filter.descending { "descending" } else { "ascending" });
        let path = self.with(&filter.sorted_by(sort));
        view! { <th scope="col" aria-sort=direction><a href=path>{sort.label()}<Icon name="sort"/></a></th> }.into_any()
    }

    fn summary<Row>(&self, page: &Page<Row>) -> String {
        let counted = |count: usize| format!("{} {}", grouped(count), if count == 1 { self.one } else { self.many });
        if self.query.filter.is_narrow() {
            format!("{} of {} match", grouped(page.matching), counted(page.total))
        } else {
            counted(page.total)
        }
    }

    fn empty<Row>(&self, page: &Page<Row>, nothing: &Nothing) -> AnyView {
        if page.matching > 0 {
            let first = self.with(&self.query.filter);
            return view! {
                <Empty title="Nothing on this page">
                    <p>"The list has changed since this address was made."</p>
                    <p><a class="button" href=first>"To the first page"</a></p>
                </Empty>
            }
            .into_any();
        }
        if page.total > 0 {
            let (no_match, hint) = (nothing.no_match, nothing.hint.clone());
            let (all, label) = (self.path.clone(), format!("Show all {}", self.many));
            return view! {
                <Empty title="No match">
                    <p>{no_match}</p>
                    {hint.map(|hint| view! { <p>{hint}</p> })}
                    <p><a class="button" href=all>{label}</a></p>
                </Empty>
            }
            .into_any();
        }
        let (title, text) = nothing.none;
        view! { <Empty title><p>{text}</p></Empty> }.into_any()
    }

    fn pager<Row>(&self, page: &Page<Row>) -> AnyView {
        let to = |position: Position| {
            let query = ListQuery { position, ..self.query.filter.clone().into() };
            paths::with_query(&self.path, &query.to_query())
        };
        let link = |label: &'static str, icon: &'static str, rel: Option<&'static str>, path: Option<String>| match path
        {
            Some(path) => {
                Either::Left(view! { <a href=path rel=rel aria-label=label title=label><Icon name=icon/></a> })
            }
            None => Either::Right(view! { <span class="off"><Icon name=icon/></span> }),
        };
        let before = page.before.clone().map(|cursor| to(Position::Before(cursor)));
        let after = page.after.clone().map(|cursor| to(Position::After(cursor)));
        let first = link("First page", "first", None, before.is_some().then(|| to(Position::First)));
        let last = link("Last page", "last", None, after.is_some().then(|| to(Position::Last)));
        let previous = link("Previous page", "previous", Some("prev"), before);
        let next = link("Next page", "next", Some("next"), after);
        let range = format!(
            "{}–{} of {}",
            grouped(page.skipped + 1),
            grouped(page.skipped + page.rows.len()),
            grouped(page.matching),
        );
        view! {
            <nav class="pager" aria-label="Pages">
                {first}{previous}
                <span class="range">{range}</span>
                {next}{last}
            </nav>
        }
        .into_any()
    }
}

/// The heading of a column that one cannot sort by.
pub fn column(label: &'static str) -> AnyView {
    view! { <th scope="col">{label}</th> }.into_any()
}

/// A facet in the form: one of all that there are.
pub fn choice<C: Choosable>(name: &'static str, label: &'static str, chosen: Option<C>) -> AnyView {
    let options = C::ALL.iter().map(|choice| (choice.word().to_owned(), choice.label().to_owned())).collect();
    let chosen = chosen.map(|choice| choice.word().to_owned());
    view! { <Choice name label options chosen/> }.into_any()
}

/// Why there is nothing at all; `none` if upstream has been asked and has nothing.
pub fn nothing_because(state: &CopyState, none: (&'static str, &'static str)) -> (&'static str, &'static str) {
    match state {
        CopyState::NoKeys => ("No keys", "Nobody has given the portal keys for this organisation yet."),
        CopyState::SwitchedOff => (
            "Switched off",
            "This organisation is switched off in the registry, or in the test environment, so nothing is fetched.",
        ),
        CopyState::Failing { .. } => {
            ("Nothing fetched yet", "Vipps MobilePay has not answered so far. The portal keeps trying.")
        }
        CopyState::Waiting | CopyState::Fetching { .. } => {
            ("Not synced yet", "The list is being fetched. It appears here in a moment.")
        }
        CopyState::Complete | CopyState::Held { .. } => none,
    }
}

/// The query of the list that a page was opened from, out of the page's own query. Only what
/// such a list understands is taken over from the address.
pub fn opened_from<F: Facets>(query: &str) -> String {
    ListQuery::<F>::from_query(&parameter(query, "list").unwrap_or_default()).to_query()
}
