//! What is asked for: by whom, which rows, which page, which columns. Unlike on pages, what means nothing is a fault:
//! no program is to take all rows for those it wanted.

use std::marker::PhantomData;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};

use super::super::problem::{FieldFault, Problem};
use crate::domain::columns::{Column, choose};
use crate::domain::export::{Export, Format};
use crate::domain::list::{Choosable, Facets, ListFilter, ListQuery, TEXT_LIMIT};
use crate::domain::organisation::{OrgId, Role};
use crate::server::Portal;
use crate::server::acting::program::Program;
use crate::server::acting::reading::Reader;
use crate::server::records::Recorded;
use crate::server::store::api_tokens::{KnownToken, TokenOwner};

/// Rows on a page, if nothing else is asked for; and the most that can be.
const LIMIT: usize = 50;
const MOST: usize = 1_000;

/// Who may read the lists of the organisation in the address: its own tokens, and its members'.
pub struct OrganisationReader(pub Reader);

impl FromRequestParts<Portal> for OrganisationReader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, portal: &Portal) -> Result<Self, Problem> {
        let named = Path::<String>::from_request_parts(parts, portal).await;
        let named = named.ok().and_then(|Path(named)| OrgId::parse(&named));
        let token = parts.extensions.get::<KnownToken>().ok_or_else(Problem::not_authenticated)?;
        let program = match &token.owner {
            TokenOwner::Instance => {
                return Err(Problem::not_allowed("A token of the instance is for the registry only."));
            }
            TokenOwner::Organisation(own) if named.as_ref() == Some(own) => {
                Program::acting_as(portal, own, token).await?
            }
            TokenOwner::Organisation(_) => None,
            TokenOwner::Staff(staff) => match &named {
                Some(named) => Program::acting_for(portal, *staff, named, Role::Viewer).await?,
                None => None,
            },
        };
        program.map(|program| Self(program.reader())).ok_or_else(Problem::not_found)
    }
}

/// A page of a list.
pub struct AskedPage<K: Recorded> {
    pub query: ListQuery<K::Facets>,
    pub limit: usize,
}

pub fn asked_page<K: Recorded>(pairs: &[(String, String)]) -> Result<AskedPage<K>, Problem> {
    let (mut query, mut limit) = (ListQuery::<K::Facets>::default(), LIMIT);
    take_all(pairs, |key, value| match key {
        "limit" => {
            let wanted = value.parse().ok().filter(|wanted| (1..=MOST).contains(wanted));
            limit = wanted.unwrap_or(LIMIT);
            Some(wanted.is_some())
        }
        _ => query.set(key, value),
    })?;
    Ok(AskedPage { query, limit })
}

/// All of a list, from its first page on.
pub fn asked_file<K: Recorded>(pairs: &[(String, String)]) -> Result<(ListFilter<K::Facets>, Export), Problem> {
    let mut query = ListQuery::<K::Facets>::default();
    let export = file_parameters(pairs, K::COLUMNS, |key, value| {
        let is_place = matches!(key, "after" | "before" | "page");
        if is_place { None } else { query.set(key, value) }
    })?;
    Ok((query.filter, export))
}

/// Reads what is asked of a file; everything else goes to `take`, as in [`take_all`].
pub fn file_parameters(
    pairs: &[(String, String)],
    columns: &'static [Column],
    mut take: impl FnMut(&str, &str) -> Option<bool>,
) -> Result<Export, Problem> {
    let (mut format, mut chosen) = (Format::Csv, columns.to_vec());
    take_all(pairs, |key, value| match key {
        "format" => {
            let wanted = Format::from_word(value);
            format = wanted.unwrap_or(format);
            Some(wanted.is_some())
        }
        "columns" => {
            let names: Vec<String> = value.split(',').map(|name| name.trim().to_owned()).collect();
            let wanted = choose(columns, &names);
            let is_known = wanted.is_ok();
            chosen = wanted.unwrap_or_default();
            Some(is_known)
        }
        _ => take(key, value),
    })?;
    Ok(Export { format, columns: chosen })
}

/// Gives every parameter to `take`, which says whether its value means anything, or by none that there is no such
/// parameter.
///
/// # Errors
/// All faults at once.
pub fn take_all(pairs: &[(String, String)], mut take: impl FnMut(&str, &str) -> Option<bool>) -> Result<(), Problem> {
    let mut faults = Vec::new();
    for (key, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        let message = match take(key, value) {
            Some(true) => continue,
            Some(false) => "This value means nothing here.",
            None => "There is no such parameter.",
        };
        faults.push(FieldFault { field: key.clone(), message: message.to_owned() });
    }
    if faults.is_empty() { Ok(()) } else { Err(Problem::faults(faults)) }
}

/// Describes what [`asked_page`] reads.
pub struct ListParameters<K>(PhantomData<K>);

/// Describes what [`asked_file`] reads.
pub struct FileParameters<K>(PhantomData<K>);

impl<K: Recorded> IntoParams for ListParameters<K> {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let mut parameters = filters::<K>();
        let number = ObjectBuilder::new().schema_type(SchemaType::Type(Type::Integer));
        let number = number.minimum(Some(1)).maximum(Some(MOST)).default(Some(LIMIT.into()));
        parameters.push(parameter("limit", "Rows of a page.", number));
        parameters.push(parameter("after", "Where the page begins: `page.after` of the page before it.", text()));
        parameters.push(parameter("before", "Where the page ends: `page.before` of the page after it.", text()));
        parameters
    }
}

impl<K: Recorded> IntoParams for FileParameters<K> {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let mut parameters = filters::<K>();
        let words = Format::ALL.iter().map(|format| format.word());
        parameters.push(parameter("format", "", text().enum_values(Some(words))));
        let names: Vec<&str> = K::COLUMNS.iter().map(|column| column.name).collect();
        let about = format!("Names of columns, with commas between; without it, all: {}.", names.join(", "));
        parameters.push(parameter("columns", &about, text()));
        parameters
    }
}

/// What every list is narrowed down and sorted by.
fn filters<K: Recorded>() -> Vec<Parameter> {
    let about = "Words to find, without regard to case, accents and spaces.";
    let mut parameters = vec![parameter("q", about, text().max_length(Some(TEXT_LIMIT)))];
    for facet in K::Facets::offered() {
        parameters.push(parameter(facet.key, "", text().enum_values(Some(facet.words))));
    }
    let sorts = <<K::Facets as Facets>::Sort as Choosable>::ALL.iter().map(|sort| sort.word());
    let sorts: Vec<String> = sorts.flat_map(|sort| [sort.to_owned(), format!("-{sort}")]).collect();
    parameters.push(parameter("sort", "With `-` before it: the last first.", text().enum_values(Some(sorts))));
    parameters
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::Type(Type::String))
}

fn parameter(name: &str, about: &str, schema: ObjectBuilder) -> Parameter {
    let about = Some(about).filter(|about| !about.is_empty());
    let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Query);
    parameter.description(about).schema(Some(schema.build())).build()
}
