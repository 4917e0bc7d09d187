//! A program that acts as an organisation, by a token of the organisation, or of one of its members.

pub mod ordering;

use futures::{FutureExt, TryFutureExt};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::domain::failure::Failure;
use crate::domain::identifiers::{BusinessIdentifier, Msn};
use crate::domain::organisation::{OrgId, OrganisationKind, Role};
use crate::server::Portal;
use crate::server::ordering::{self as orders, patiently};
use crate::server::store::acting::CopyStanding;
use crate::server::store::api_tokens::KnownToken;
use crate::server::store::as_upstream::Copied;
use crate::server::store::sync_jobs::SyncStanding;
use crate::server::store::{Scope, Tenant, unavailable};
use crate::server::sync;

/// A list that was fetched so lately is not fetched anew for a program.
const NEW_ENOUGH: Duration = Duration::seconds(10);

#[derive(Clone)]
pub struct Program {
    pub(super) portal: Portal,
    pub(super) scope: Scope,
    pub(super) kind: OrganisationKind,
    pub(super) copy: CopyStanding,
    /// Who stands behind it, as it is written beside what it changes.
    asker: String,
}

/// Something that the Management API tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    SalesUnits,
    SalesUnit(Msn),
    Merchant(BusinessIdentifier),
    MerchantsSalesUnits(BusinessIdentifier),
    ProductOrders { with_expired: bool },
    ProductOrder(Uuid),
    PricePackages,
}

impl Told {
    /// Whether upstream takes such an address at all.
    fn can_be_asked(&self) -> bool {
        match self {
            Self::SalesUnit(msn) => (4..=10).contains(&msn.as_str().len()),
            Self::Merchant(business) | Self::MerchantsSalesUnits(business) => business.can_be_asked(),
            _ => true,
        }
    }
}

impl Program {
    /// None if there is no such organisation. Only a token of the organisation makes one of these.
    pub(in super::super) async fn acting_as(
        portal: &Portal,
        organisation: &OrgId,
        token: &KnownToken,
    ) -> Result<Option<Self>, Failure> {
        let found = portal.store().scope_of(organisation).await.map_err(unavailable)?;
        let asker = format!("the API token “{}”", token.name);
        Ok(found.map(|(kind, scope, copy)| Self { portal: portal.clone(), scope, kind, copy, asker }))
    }

    /// A person's program, as an organisation that they have at least this role in; none if they are no member of
    /// it.
    ///
    /// # Errors
    /// [`Failure::NotAllowed`] if their role is less.
    pub(in super::super) async fn acting_for(
        portal: &Portal,
        staff: Uuid,
        organisation: &OrgId,
        role: Role,
    ) -> Result<Option<Self>, Failure> {
        let row = portal.store().acting(staff, organisation).await.map_err(unavailable)?;
        let Some(row) = row else { return Ok(None) };
        if row.organisation.role < role {
            return Err(Failure::NotAllowed);
        }
        let (portal, kind) = (portal.clone(), row.organisation.kind);
        Ok(Some(Self { portal, kind, scope: row.scope, copy: row.copy, asker: row.email }))
    }

    /// What the copy has of it; none if it has nothing of the kind.
    pub async fn copied(&self, told: &Told) -> Result<Option<Copied>, Failure> {
        self.may_know(told)?;
        let mut tenant: Tenant<'_> = self.portal.store().tenant(&self.scope).await.map_err(unavailable)?;
        match told {
            Told::SalesUnits => tenant.sales_units_as_upstream(None).await,
            Told::SalesUnit(msn) => tenant.sales_unit_as_upstream(msn).await,
            Told::Merchant(business) => tenant.merchant_as_upstream(business).await,
            Told::MerchantsSalesUnits(business) => tenant.sales_units_as_upstream(Some(business)).await,
            Told::ProductOrders { with_expired } => tenant.product_orders_as_upstream(*with_expired).await,
            Told::ProductOrder(id) => tenant.product_order_as_upstream(*id).await,
            Told::PricePackages => tenant.price_packages_as_upstream().await,
        }
        .map_err(unavailable)
    }

    /// What upstream says of it now; none if it has nothing of the kind.
    ///
    /// # Errors
    /// Any [`Failure`]; [`Failure::AskedTooOften`] if programs of this partner have had upstream asked as
    /// often as people leave room for.
    pub async fn asked_anew(&self, told: &Told) -> Result<Option<Copied>, Failure> {
        self.may_know(told)?;
        if !told.can_be_asked() {
            return Ok(None);
        }
        let (portal, copy) = (&self.portal, &self.scope.copy);
        self.may_have_upstream_asked()?;
        let refreshed = match told {
            Told::SalesUnits => self.fetch(sync::sales_units::NAME).await,
            Told::SalesUnit(msn) => {
                self.own_sales_unit(msn).await?;
                sync::refresh_sales_unit(portal, copy, msn).await
            }
            Told::Merchant(business) => sync::merchants::refresh(portal, copy, business).await,
            Told::MerchantsSalesUnits(business) => return self.ask_for_units_of(business).await.map(Some),
            Told::ProductOrders { .. } => self.fetch(sync::product_orders::NAME).await,
            Told::ProductOrder(id) => orders::refresh(portal, &self.scope, *id).await,
            Told::PricePackages => self.fetch(sync::price_packages::NAME).await,
        };
        refreshed?;
        self.copied(told).await
    }

    /// A merchant that a partner serves asks about its own units only: the keys are the partner's.
    async fn own_sales_unit(&self, msn: &Msn) -> Result<(), Failure> {
        if self.scope.merchant.is_none() {
            return Ok(());
        }
        let mut tenant = self.portal.store().tenant(&self.scope).await.map_err(unavailable)?;
        tenant.sales_unit(msn).await.map_err(unavailable)?.map(drop).ok_or(Failure::NotFound)
    }

    /// Whose units they are stands in their details, which come later than the list: upstream is asked.
    async fn ask_for_units_of(&self, business: &BusinessIdentifier) -> Result<Copied, Failure> {
        let client = self.portal.client_for_people(&self.scope.copy).await?;
        let units = client
            .merchant_sales_units(business)
            .await
            .map_err(|error| if error.is_not_found() { Failure::NotFound } else { orders::failure(&error) })?;
        let units = units
            .iter()
            .map(|unit| json!({"msn": unit.msn.as_str(), "name": unit.name.as_deref().unwrap_or_default()}));
        Ok(Copied { json: Value::Array(units.collect()).to_string(), as_of: OffsetDateTime::now_utc() })
    }

    /// Has the sync fetch a list, and waits a moment for it. What was fetched just now is new enough.
    async fn fetch(&self, resource: &'static str) -> Result<(), Failure> {
        // Keys are asked for first, so that one hears at once that there are none.
        self.portal.client_for_people(&self.scope.copy).await?;
        let (store, copy) = (self.portal.store(), &self.scope.copy);
        sync::ensure_jobs(store).await.map_err(unavailable)?;
        let called_at = OffsetDateTime::now_utc();
        let standing = || store.sync_standing(copy, resource).map_err(unavailable).boxed();
        let done_since = |standing: &Option<SyncStanding>, moment: OffsetDateTime| {
            let completed = standing.as_ref().and_then(|standing| standing.completed_at);
            completed.is_some_and(|completed| completed > moment)
        };
        if done_since(&standing().await?, called_at - NEW_ENOUGH) {
            return Ok(());
        }
        store.call_for_sync(copy, resource).await.map_err(unavailable)?;
        self.portal.sync_bell().notify_one();
        let found = patiently(standing, |standing| standing.as_ref().is_some_and(|standing| standing.awaited)).await?;
        if done_since(&found, called_at) {
            return Ok(());
        }
        let failure = found.filter(|standing| standing.failing).and_then(|standing| standing.failure);
        let refused = failure.is_some_and(|failure| failure.contains("refused the keys"));
        Err(if refused { Failure::KeysRefused } else { Failure::UpstreamSilent })
    }

    /// What is between the partner and upstream does not exist for a merchant.
    fn may_know(&self, told: &Told) -> Result<(), Failure> {
        let is_everybodys = matches!(told, Told::SalesUnits | Told::SalesUnit(_));
        if is_everybodys { Ok(()) } else { self.is_partners() }
    }

    /// What only partners have does not exist for a merchant.
    pub fn is_partners(&self) -> Result<(), Failure> {
        if self.kind == OrganisationKind::Partner { Ok(()) } else { Err(Failure::NotFound) }
    }

    /// Programs leave upstream room for people.
    fn may_have_upstream_asked(&self) -> Result<(), Failure> {
        let allowed = self.portal.refreshes().allows(self.scope.copy.as_str());
        if allowed { Ok(()) } else { Err(Failure::AskedTooOften) }
    }
}
