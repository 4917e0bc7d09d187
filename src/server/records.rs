//! What programs and files get of a list's rows: one record for each kind, with a field for each of the list's
//! columns.

mod agreement;
mod merchant;
mod price_package;
mod product_order;
mod sales_unit;
mod webhook;

use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

pub use self::agreement::AgreementRecord;
pub use self::merchant::MerchantRecord;
pub use self::price_package::PricePackageRecord;
pub use self::product_order::ProductOrderRecord;
pub use self::sales_unit::SalesUnitRecord;
pub use self::webhook::WebhookRecord;

use super::store::list_index::ListKind;
use crate::domain::columns::Column;
use crate::domain::freshness::machine;
use crate::domain::organisation::Audience;

/// A list that programs read and files are made of.
pub trait Recorded: ListKind<Row: Into<Self::Record>> {
    type Record: Serialize + ToSchema + Send + 'static;

    /// In addresses and names of files: `sales-units`.
    const NAME: &'static str;
    const COLUMNS: &'static [Column];
    /// What the list is made of, by the names of their syncs; the age of the first one counts.
    const RESOURCES: &'static [&'static str];
    const AUDIENCE: Audience = Audience::Partners;
}

/// A moment as records have it: RFC 3339, in UTC.
fn moment(then: Option<OffsetDateTime>) -> Option<String> {
    then.map(machine)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use utoipa::PartialSchema;
    use utoipa::openapi::RefOr;
    use utoipa::openapi::schema::Schema;

    use super::*;
    use crate::domain::columns;

    /// The fields of a record, as they are written.
    fn fields<R: PartialSchema>() -> BTreeSet<String> {
        let RefOr::T(Schema::Object(object)) = R::schema() else { panic!("a record is an object") };
        object.properties.keys().cloned().collect()
    }

    #[test]
    fn every_column_is_a_field_and_every_field_a_column() {
        for (columns, fields) in [
            (columns::SALES_UNITS, fields::<SalesUnitRecord>()),
            (columns::MERCHANTS, fields::<MerchantRecord>()),
            (columns::PRODUCT_ORDERS, fields::<ProductOrderRecord>()),
            (columns::PRICE_PACKAGES, fields::<PricePackageRecord>()),
            (columns::WEBHOOKS, fields::<WebhookRecord>()),
            (columns::AGREEMENTS, fields::<AgreementRecord>()),
        ] {
            let names: BTreeSet<String> = columns.iter().map(|column| column.name.to_owned()).collect();
            assert_eq!(names, fields);
            assert_eq!(names.len(), columns.len());
        }
    }
}
