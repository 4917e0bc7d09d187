//! Price packages, as a partner sees them.

use time::OffsetDateTime;

use super::Acting;
use crate::domain::failure::Failure;
use crate::domain::freshness::Freshness;
use crate::domain::identifiers::{BusinessIdentifier, Msn};
use crate::domain::organisation::Role;
use crate::domain::price_package::{KnownPricePackage, PricePackage, UnitPricePackage};
use crate::domain::sales_unit::{ListedSalesUnit, SalesUnit};
use crate::server::store::{Tenant, unavailable};
use crate::server::sync;

/// Units of one package that are shown at once.
pub const UNITS_SHOWN: usize = 50;

/// What is known of a unit's package.
#[derive(Clone, Debug)]
pub struct PricePackageView {
    pub known: UnitPricePackage,
    /// Packages of the merchant's market, or all if that is not known; for those who may note one.
    pub choices: Vec<PricePackage>,
}

impl Acting {
    /// Every package with what uses it.
    pub async fn price_packages(&self) -> Result<Vec<KnownPricePackage>, Failure> {
        let mut tenant = self.partner_tenant().await?;
        tenant.price_packages().await.map_err(unavailable)
    }

    /// How old the copy of the price packages is, and why.
    pub fn price_package_freshness(&self) -> Freshness {
        self.freshness_of(&[sync::price_packages::NAME])
    }

    /// The first [`UNITS_SHOWN`] sales units that are known to have a package.
    pub async fn units_of_price_package(&self, package: &str) -> Result<Vec<ListedSalesUnit>, Failure> {
        let limit = i64::try_from(UNITS_SHOWN).unwrap_or(i64::MAX);
        let mut tenant = self.partner_tenant().await?;
        tenant.units_of_price_package(package, limit).await.map_err(unavailable)
    }

    /// What is known of the price package of a sales unit; none if that is not for whom one acts as, for it is
    /// between the partner and Vipps MobilePay.
    pub(super) async fn price_package_of(
        &self,
        tenant: &mut Tenant<'_>,
        unit: &SalesUnit,
    ) -> Result<Option<PricePackageView>, Failure> {
        if !self.is_partner() {
            return Ok(None);
        }
        let with_choices = self.may(Role::Operator).is_ok();
        let (known, mut choices) = tenant.price_package_of(&unit.msn, with_choices).await.map_err(unavailable)?;
        if let Some(market) = unit.business_identifier.as_ref().and_then(BusinessIdentifier::market) {
            choices.retain(|package| package.is_for(market.code()));
        }
        Ok(Some(PricePackageView { known, choices }))
    }

    /// Notes the price package of a sales unit by hand, or with none takes the note away.
    ///
    /// # Errors
    /// [`Failure::NotFound`] if there is no such unit or package.
    pub async fn note_price_package(&self, msn: &Msn, package: Option<&str>) -> Result<(), Failure> {
        if !self.is_partner() {
            return Err(Failure::NotFound);
        }
        self.may(Role::Operator)?;
        let mut tenant = self.partner_tenant().await?;
        tenant.sales_unit(msn).await.map_err(unavailable)?.ok_or(Failure::NotFound)?;
        match package {
            None => tenant.forget_noted_price_package(msn).await.map_err(unavailable)?,
            Some(package) => {
                if !tenant.knows_price_package(package).await.map_err(unavailable)? {
                    return Err(Failure::NotFound);
                }
                let now = OffsetDateTime::now_utc();
                let noted = tenant.note_price_package(msn, package, self.staff, self.email(), now).await;
                noted.map_err(unavailable)?;
            }
        }
        tenant.commit().await.map_err(unavailable)
    }
}
