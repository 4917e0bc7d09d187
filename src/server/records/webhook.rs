use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Recorded, moment};
use crate::domain::columns::{self, Column};
use crate::domain::freshness::machine;
use crate::domain::organisation::Audience;
use crate::domain::webhook::{Webhook, WebhookState};
use crate::server::store::webhooks::Webhooks;
use crate::server::sync;

/// A webhook registration.
#[derive(Serialize, ToSchema)]
pub struct WebhookRecord {
    pub id: Uuid,
    pub url: String,
    pub events: Vec<String>,
    /// The sales unit it listens for; null if it listens for all of them.
    pub msn: Option<String>,
    pub sales_unit_name: Option<String>,
    /// `listed`, `vanished`, or `deleted` by way of this portal.
    #[schema(example = "listed")]
    pub state: &'static str,
    #[schema(format = DateTime)]
    pub first_seen_at: String,
    /// When upstream stopped showing it.
    #[schema(format = DateTime)]
    pub gone_at: Option<String>,
}

impl Recorded for Webhooks {
    type Record = WebhookRecord;

    const NAME: &'static str = "webhooks";
    const COLUMNS: &'static [Column] = columns::WEBHOOKS;
    const RESOURCES: &'static [&'static str] = &[sync::webhooks::NAME, sync::unit_webhooks::NAME];
    const AUDIENCE: Audience = Audience::PartnersAndServed;
}

impl From<Webhook> for WebhookRecord {
    fn from(webhook: Webhook) -> Self {
        let (state, gone_at) = match webhook.state {
            WebhookState::Listed => ("listed", None),
            WebhookState::Vanished { at } => ("vanished", Some(at)),
            WebhookState::Deleted { at, .. } => ("deleted", Some(at)),
        };
        let (msn, sales_unit_name) = webhook.unit.map(|unit| (unit.msn.to_string(), unit.name)).unzip();
        Self {
            id: webhook.id,
            url: webhook.url,
            events: webhook.events,
            msn,
            sales_unit_name: sales_unit_name.flatten(),
            state,
            first_seen_at: machine(webhook.first_seen_at),
            gone_at: moment(gone_at),
        }
    }
}
