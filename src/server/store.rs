//! The portal's database: the only SQL, one file for each kind of thing.
//!
//! What belongs to an organisation is reached through [`Store::tenant`] only. It names whom one
//! acts as to the database, whose row-level security then hides everybody else's rows even from
//! a query that forgot to.

pub mod acting;
pub mod agreement_changes;
pub mod agreement_list;
pub mod agreements;
pub mod api_calls;
pub mod api_tokens;
pub mod as_upstream;
mod bench;
pub mod charges;
pub mod contracts;
pub mod failed_charges;
pub mod key_checks;
pub mod keys;
pub mod known_browsers;
pub mod list_index;
pub mod logos;
pub mod members;
pub mod merchant_list;
pub mod merchant_views;
pub mod merchants;
pub mod organisations;
pub mod partner;
pub mod prefilling;
pub mod price_packages;
pub mod product_orders;
pub mod registered;
pub mod registering;
pub mod registry;
pub mod sales_unit_list;
pub mod sales_units;
pub mod sealed;
pub mod sessions;
pub mod sign_in_throttle;
pub mod staff;
pub mod sync_jobs;
pub mod templates;
pub mod told_api_quality;
pub mod webhooks;

use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection, PgPool, Postgres, Transaction};

use crate::domain::failure::Failure;
use crate::domain::identifiers::BusinessIdentifier;
use crate::domain::organisation::OrgId;

pub type Result<T> = std::result::Result<T, sqlx::Error>;

pub static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

#[derive(Clone)]
pub struct Store {
    pool: PgPool,
    indexes: Arc<list_index::Indexes>,
    /// What holds for each transaction, in SQL.
    settings: &'static str,
}

/// Connections to the database that the portal holds while it serves.
pub const CONNECTIONS: u32 = 16;

/// For thousands of rows at a time, or for a few of a million: one plan does not fit all of that. The sync writes into
/// tables that were empty a moment ago, where a plan made for those would take minutes now; lists in memory are read
/// from the table, or caught up with from its index. And both wait their turn: to give up would mean to begin anew.
const OF_MANY_ROWS: &str = "; set local plan_cache_mode = force_custom_plan; set local lock_timeout = '60s'; set local statement_timeout = '60s'";

/// Whose rows a query is about: who acts, whose copy holds the rows, and to which merchant the
/// view is narrowed when a merchant is served from its partner's copy.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scope {
    pub acting: OrgId,
    pub copy: OrgId,
    pub merchant: Option<BusinessIdentifier>,
}

impl Scope {
    /// An organisation that looks at the whole of its own copy.
    pub fn whole(organisation: OrgId) -> Self {
        Self { acting: organisation.clone(), copy: organisation, merchant: None }
    }

    /// Of an organisation: the whole of its own copy, or what a merchant has in the copy of the partner
    /// that serves it.
    pub fn of(organisation: &OrgId, partner: Option<OrgId>, business: Option<BusinessIdentifier>) -> Self {
        Self {
            acting: organisation.clone(),
            merchant: business.filter(|_| partner.is_some()),
            copy: partner.unwrap_or_else(|| organisation.clone()),
        }
    }

    fn scheme(&self) -> Option<&str> {
        self.merchant.as_ref().map(|merchant| merchant.scheme.as_str())
    }

    fn business_id(&self) -> Option<&str> {
        self.merchant.as_ref().map(|merchant| merchant.id.as_str())
    }
}

/// A transaction in which the database shows one organisation's rows and no others.
/// Dropped without [`Tenant::commit`], it leaves nothing behind.
pub struct Tenant<'a> {
    transaction: Transaction<'static, Postgres>,
    scope: &'a Scope,
}

impl Tenant<'_> {
    pub async fn commit(self) -> Result<()> {
        self.transaction.commit().await
    }

    fn connection(&mut self) -> &mut PgConnection {
        &mut self.transaction
    }
}

impl Store {
    /// Connects to the database at `url`. Does not migrate it.
    pub async fn connect(url: &str, connections: u32) -> Result<Self> {
        let options: PgConnectOptions = url.parse()?;
        let options = options
            .application_name("partner-portal")
            .options([
                // Every query here is by key, so one plan fits all values, and planning costs more
                // than running it.
                ("plan_cache_mode", "force_generic_plan"),
                ("client_min_messages", "warning"),
                ("statement_timeout", "10s"),
                ("lock_timeout", "5s"),
                ("idle_in_transaction_session_timeout", "60s"),
            ])
            .log_statements(tracing::log::LevelFilter::Off);
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(Duration::from_secs(2))
            // A ping before every query costs more than most of our queries; ask only
            // connections that have been idle long enough to have been cut off.
            .test_before_acquire(false)
            .before_acquire(|connection, age| {
                Box::pin(async move {
                    if age.idle_for > Duration::from_secs(3) {
                        sqlx::Connection::ping(connection).await?;
                    }
                    Ok(true)
                })
            })
            .connect_with(options)
            .await?;
        Ok(Self::over(pool))
    }

    pub fn over(pool: PgPool) -> Self {
        Self { pool, indexes: Arc::new(list_index::Indexes::within(usize::MAX)), settings: "" }
    }

    /// The same with so many megabytes for searching lists.
    #[must_use]
    pub fn with_list_memory(self, megabytes: u32) -> Self {
        Self { indexes: Arc::new(list_index::Indexes::within(megabytes as usize * 1024 * 1024)), ..self }
    }

    /// The same for the sync, and for whatever else reads or writes thousands of rows at a time.
    #[must_use]
    pub fn for_many_rows(&self) -> Self {
        Self { settings: OF_MANY_ROWS, ..self.clone() }
    }

    pub async fn migrate(&self) -> std::result::Result<(), sqlx::migrate::MigrateError> {
        MIGRATIONS.run(&self.pool).await
    }

    /// How many migrations of this program the database lacks.
    pub async fn missing_migrations(&self) -> Result<usize> {
        let applied = sqlx::query_scalar::<_, i64>("select version from _sqlx_migrations where success")
            .fetch_all(&self.pool)
            .await
            .unwrap_or_default();
        self.answers().await?;
        Ok(MIGRATIONS.iter().filter(|migration| !applied.contains(&migration.version)).count())
    }

    /// Asks the database for a sign of life.
    pub async fn answers(&self) -> Result<()> {
        sqlx::query("select 1").execute(&self.pool).await.map(drop)
    }

    /// Whether row-level security is switched off for the user that the portal connects as.
    pub async fn bypasses_row_security(&self) -> Result<bool> {
        sqlx::query_scalar("select rolsuper or rolbypassrls from pg_roles where rolname = current_user")
            .fetch_one(&self.pool)
            .await
    }

    /// The only way to an organisation's rows.
    pub async fn tenant<'a>(&self, scope: &'a Scope) -> Result<Tenant<'a>> {
        // One round trip for both. An OrgId holds no character that could end the literal.
        let begin = format!("begin; set local portal.organisation = '{}'{}", scope.acting, self.settings);
        Ok(Tenant { transaction: self.begin(begin).await?, scope })
    }

    /// Begins a transaction in a task of its own. Whoever asks for it may be dropped while the
    /// database is beginning it; then the connection would go back to the pool with an open
    /// transaction that swallows what others write through it.
    async fn begin(&self, statement: String) -> Result<Transaction<'static, Postgres>> {
        let pool = self.pool.clone();
        let beginning = tokio::spawn(async move { pool.begin_with(AssertSqlSafe(statement)).await });
        beginning.await.unwrap_or(Err(sqlx::Error::WorkerCrashed))
    }

    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// The database did not answer: logged for operators, said in one sentence to people.
pub fn unavailable(error: sqlx::Error) -> Failure {
    tracing::error!(%error, "the database did not answer");
    Failure::Unavailable
}

/// Whether something was not waited for any longer that another transaction holds.
pub fn is_held(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|error| error.code()).is_some_and(|code| code == "55P03")
}

/// A value the database holds that this program cannot read.
fn unreadable(what: impl std::fmt::Display) -> sqlx::Error {
    sqlx::Error::Decode(what.to_string().into())
}

fn interval(duration: time::Duration) -> sqlx::postgres::types::PgInterval {
    let microseconds = i64::try_from(duration.whole_microseconds()).unwrap_or(i64::MAX);
    sqlx::postgres::types::PgInterval { months: 0, days: 0, microseconds }
}

#[cfg(test)]
mod tests;
