//! Measuring the portal on this machine: pages over HTTP, beside what they cannot be faster than.
//!
//! The portal runs as a process of its own on a temporary database. All cases are measured in
//! turn, round after round, so that whatever else the machine does falls on all of them alike.

mod connection;
mod world;

use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::Args;
use futures::future::try_join_all;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use self::connection::Connection;
use crate::domain::organisation::OrgId;
use crate::domain::sales_unit_filter::SalesUnitQuery;
use crate::server::config::LIST_MEMORY;
use crate::server::postgres::EmbeddedPostgres;
use crate::server::store::Store;
use crate::server::store::sales_unit_list::SalesUnits;

const ROUNDS: usize = 10;
const REQUESTS_A_ROUND: usize = 60;
/// Connections that load pages at the same time when pages a second are counted.
const CONNECTIONS: usize = 16;
const MANY_CONNECTIONS: usize = 200;

#[derive(Args)]
pub struct BenchSettings {
    /// Sales units of the one partner that is measured
    #[arg(long, default_value_t = 100_000)]
    sales_units: u32,
    /// Only the cases whose name has this in it
    #[arg(long)]
    only: Option<String>,
    /// Port of the portal while it is measured
    #[arg(long, default_value_t = 3900)]
    port: u16,
}

pub async fn run(settings: BenchSettings) -> anyhow::Result<()> {
    let postgres = EmbeddedPostgres::start_temporary().await?;
    let measured = measure(&settings, postgres.url()).await;
    postgres.stop().await;
    measured
}

async fn measure(settings: &BenchSettings, database_url: &str) -> anyhow::Result<()> {
    let store = Store::connect(database_url, 4).await?;
    store.migrate().await?;
    println!("Loading {} sales units…", settings.sales_units);
    let loading = Instant::now();
    let staff = world::load(&store, settings.sales_units).await?;
    println!("Loaded in {:.1} s.\n", loading.elapsed().as_secs_f64());

    let (mut portal, first_answer) = start(settings, database_url).await?;
    let address = format!("127.0.0.1:{}", settings.port);
    let mut connection = Connection::open(&address).await?;
    let idle = resident(&portal)?;
    connection.sign_in(world::EMAIL, world::PASSWORD).await?;
    let cookie = connection.cookie().to_owned();
    let first_list = Instant::now();
    connection.get(&list("")).await?;
    let first_list = first_list.elapsed();
    println!("start to first answer           {:8.1} ms", milliseconds(first_answer));
    println!("first list after the start      {:8.1} ms  (reads the index)", milliseconds(first_list));
    under_load(&portal, &mut connection, &address, idle).await?;
    for (name, query) in [("all rows", ""), ("filter: one letter (a)", "&q=a"), ("JSON Lines", "&format=jsonl")] {
        export(&portal, &address, &cookie, name, query).await?;
    }

    let mut cases = cases(&mut connection, settings).await?;
    let organisation: OrgId = world::ORGANISATION.parse().map_err(anyhow::Error::msg)?;
    let mut sql = Vec::new();
    for round in 0..=ROUNDS {
        for case in &mut cases {
            for _ in 0..REQUESTS_A_ROUND {
                let start = Instant::now();
                connection.get(&case.path).await?;
                // The first round warms caches up.
                if round > 0 {
                    case.times.push(start.elapsed());
                }
            }
        }
        for _ in 0..REQUESTS_A_ROUND {
            let start = Instant::now();
            let row = store.acting(staff, &organisation).await?.context("the bench's person is gone")?;
            store.page::<SalesUnits>(&row.scope, row.copy.version, &SalesUnitQuery::default(), 50).await?;
            if round > 0 {
                sql.push(start.elapsed());
            }
        }
    }
    report(settings, &mut cases, &mut sql);

    println!("memory with every list read     {:8.1} MB", resident(&portal)?);
    portal.kill().await?;
    store.close().await;
    Ok(())
}

/// The list of sales units, the only one that has been read yet, under load.
async fn under_load(portal: &Child, connection: &mut Connection, address: &str, idle: f64) -> anyhow::Result<()> {
    let bytes = connection.get(&list("")).await?.len();
    let packed = connection.get_encoded(&list(""), "br").await?.len();
    let one = resident(portal)?;
    let pages = pages_a_second(address, connection.cookie(), CONNECTIONS).await?;
    let loaded = resident(portal)?;
    let many = pages_a_second(address, connection.cookie(), MANY_CONNECTIONS).await?;
    let crowded = resident(portal)?;
    println!("list page                       {bytes:8} bytes, {packed} as brotli");
    println!(
        "list pages a second             {pages:8.0}     ({CONNECTIONS} connections; load, portal and database share the machine)"
    );
    println!("                                {many:8.0}     ({MANY_CONNECTIONS} connections)");
    println!(
        "memory                          {idle:8.1} MB idle, {one:.1} MB with the list, {loaded:.1} MB after {CONNECTIONS} connections, {crowded:.1} MB after {MANY_CONNECTIONS}"
    );
    Ok(())
}

/// Downloads the list as a file, and says how it went.
async fn export(portal: &Child, address: &str, cookie: &str, name: &str, query: &str) -> anyhow::Result<()> {
    let mut connection = Connection::open(address).await?.with_cookie(cookie);
    let before = resident(portal)?;
    let (begun, mut first_row, mut bytes, mut lines, mut peak) = (Instant::now(), None, 0, 0, before);
    let heading = usize::from(!query.contains("jsonl"));
    let path = format!("{}/export?sort=name{query}", list(""));
    connection
        .download(&path, |piece| {
            bytes += piece.len();
            lines += memchr::memchr_iter(b'\n', piece).count();
            if lines > heading {
                first_row.get_or_insert_with(|| begun.elapsed());
            }
            peak = resident(portal).unwrap_or_default().max(peak);
        })
        .await?;
    println!(
        "export, {name:<23} {:8.1} ms to the first row, {:.1} s for {lines} lines and {:.0} MB, {:.1} MB more memory",
        milliseconds(first_row.unwrap_or_default()),
        begun.elapsed().as_secs_f64(),
        bytes as f64 / 1e6,
        peak - before,
    );
    Ok(())
}

/// Something that is asked for over and over.
struct Case {
    name: &'static str,
    path: String,
    times: Vec<Duration>,
}

async fn cases(connection: &mut Connection, settings: &BenchSettings) -> anyhow::Result<Vec<Case>> {
    let first = connection.get(&list("")).await?;
    let text = String::from_utf8_lossy(&first);
    let after_name = |text: &str, name: &str| -> Option<String> {
        let rest = text.split(name).nth(1)?;
        Some(rest.split('"').next()?.replace("&amp;", "&"))
    };
    let row = after_name(&text, &format!("href=\"{}/", list(""))).context("the list has no rows")?;
    let orders = connection.get(&other("product-orders")).await?;
    let order = after_name(&String::from_utf8_lossy(&orders), &format!("href=\"{}/", other("product-orders")));
    let order = format!("{}/{}", other("product-orders"), order.context("the list of orders has no rows")?);
    let deep = format!("after=m~{}", settings.sales_units);
    let case = |name, path| Case { name, path, times: Vec::new() };
    let mut cases = vec![
        case("floor: answer of the server that reads nothing", "/healthz".to_owned()),
        case("list, first page", list("")),
        case("list, page in the middle", list(&deep)),
        case("list, last page", list("page=last")),
        case("list, sorted by merchant, descending", list("sort=-merchant")),
        case("filter: common word (kaffe)", list("q=kaffe")),
        case("filter: three words", list("q=kaffe+ber+a")),
        case("filter: rare (part of an MSN)", list("q=12345")),
        case("filter: two letters (ka)", list("q=ka")),
        case("filter: one letter (a)", list("q=a")),
        case("filter: two letters, no hit (qx)", list("q=qx")),
        case("filter: no hit", list("q=zzzzzz")),
        case("filter: facets only", list("capture=direct&recurring=yes&market=no")),
        case("details", format!("{}/{row}", list(""))),
        case("product orders, first page", other("product-orders")),
        case("product orders, sorted by status, last page", other("product-orders?sort=-changed&page=last")),
        case("product orders, text and facets", other("product-orders?q=kaffe&status=completed&age=30d")),
        case("product orders, expiring", other("product-orders?follow=expiring")),
        case("product order, details", order),
        case("merchants, first page", other("merchants")),
        case("merchants, text", other("merchants?q=kaffe")),
        case("webhooks, text", other("webhooks?q=12345")),
        case("webhook coverage", other("webhooks/coverage")),
        case("landing page", format!("/as/{}", world::ORGANISATION)),
        case("agreements, first page", agreements("")),
        case("agreements, last page by next charge", agreements("?sort=-next&page=last")),
        case("agreements, text and facets", agreements("?q=kaffe&state=active&charges=failed")),
        case("agreements, two letters", agreements("?q=ka")),
        case("agreement, details", agreements("/agr_000000017")),
        case("charge, details", agreements("/agr_000000017/charges/chr-3")),
        case("where subscriptions fail, 30 days", format!("/as/{}/failed-charges", world::MERCHANT)),
        case("where subscriptions fail, a year", format!("/as/{}/failed-charges?since=365d", world::MERCHANT)),
    ];
    if let Some(only) = &settings.only {
        // The floor stays: the others are compared with it.
        let mut floor = true;
        cases.retain(|case| std::mem::take(&mut floor) || case.name.contains(only));
    }
    Ok(cases)
}

fn other(address: &str) -> String {
    format!("/as/{}/{address}", world::ORGANISATION)
}

fn agreements(rest: &str) -> String {
    format!("/as/{}/agreements{rest}", world::MERCHANT)
}

fn list(query: &str) -> String {
    let sign = if query.is_empty() { "" } else { "?" };
    format!("/as/{}/sales-units{sign}{query}", world::ORGANISATION)
}

fn report(settings: &BenchSettings, cases: &mut [Case], sql: &mut [Duration]) {
    let (sql_p50, sql_p99) = percentiles(sql);
    let floor = percentiles(&mut cases[0].times).0;
    println!("{} sales units, one client, {} requests each", settings.sales_units, ROUNDS * REQUESTS_A_ROUND);
    println!("{:<46} {:>9} {:>9} {:>9} {:>9}", "", "p50 ms", "p99 ms", "× static", "× SQL");
    for case in cases {
        let (p50, p99) = percentiles(&mut case.times);
        println!(
            "{:<46} {:9.3} {:9.3} {:9.1} {:9.1}",
            case.name,
            milliseconds(p50),
            milliseconds(p99),
            p50.as_secs_f64() / floor.as_secs_f64(),
            p50.as_secs_f64() / sql_p50.as_secs_f64(),
        );
    }
    println!(
        "{:<46} {:9.3} {:9.3} {:9.1} {:9.1}\n",
        "floor: the SQL of the first page by itself",
        milliseconds(sql_p50),
        milliseconds(sql_p99),
        sql_p50.as_secs_f64() / floor.as_secs_f64(),
        1.0,
    );
}

fn percentiles(times: &mut [Duration]) -> (Duration, Duration) {
    times.sort_unstable();
    let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or_default();
    (at(50), at(99))
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// Starts the portal as a process; returns it with the time until it answered.
async fn start(settings: &BenchSettings, database_url: &str) -> anyhow::Result<(Child, Duration)> {
    let data = std::env::temp_dir().join(format!("partner-portal-bench-{}", std::process::id()));
    let begun = Instant::now();
    let mut portal = Command::new(std::env::current_exe()?)
        .arg("serve")
        .env("DATABASE_URL", database_url)
        .env("PORTAL_LISTEN", format!("127.0.0.1:{}", settings.port))
        .env("PORTAL_DATA_DIR", &data)
        .env("PORTAL_LOG", "warn")
        // All of what is measured is to fit in: a kilobyte for each unit, with its orders and merchants.
        .env("PORTAL_LIST_MEMORY", (settings.sales_units / 1_000).max(LIST_MEMORY).to_string())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let output = portal.stdout.take().context("the portal prints nothing")?;
    let line = BufReader::new(output).lines().next_line().await?;
    if line.is_none() {
        bail!("the portal did not start");
    }
    Connection::open(&format!("127.0.0.1:{}", settings.port)).await?.get("/healthz").await?;
    let elapsed = begun.elapsed();
    std::fs::remove_dir_all(&data).ok();
    Ok((portal, elapsed))
}

/// Memory that the process holds, in MB.
fn resident(portal: &Child) -> anyhow::Result<f64> {
    let id = portal.id().context("the portal has ended")?;
    let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kilobytes / 1_024.0)
}

async fn pages_a_second(address: &str, cookie: &str, connections: usize) -> anyhow::Result<f64> {
    let span = Duration::from_secs(4);
    let mut open = Vec::new();
    for _ in 0..connections {
        open.push(Connection::open(address).await?.with_cookie(cookie));
    }
    let begun = Instant::now();
    let loads = open.into_iter().map(|mut connection| {
        tokio::spawn(async move {
            let mut pages = 0_u32;
            while begun.elapsed() < span {
                connection.get(&list("")).await?;
                pages += 1;
            }
            anyhow::Ok(pages)
        })
    });
    let mut pages = 0;
    for loaded in try_join_all(loads).await? {
        pages += loaded?;
    }
    Ok(f64::from(pages) / begun.elapsed().as_secs_f64())
}
