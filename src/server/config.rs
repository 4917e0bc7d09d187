//! Settings: from the environment or the command line, checked before anything starts.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::server::security::vault::VaultSettings;

/// What the portal needs to know to run. Every setting is an environment variable, too.
#[derive(Args, Clone, Debug)]
pub struct Settings {
    #[command(flatten)]
    pub database: DatabaseSettings,

    /// Address and port to listen on
    #[arg(long, env = "PORTAL_LISTEN", default_value = "127.0.0.1:3000", value_parser = listen)]
    pub listen: SocketAddr,

    /// The address people open in their browser; https, unless it is this machine [default: http://LISTEN]
    #[arg(long, env = "PORTAL_PUBLIC_URL", value_parser = public_url)]
    pub public_url: Option<String>,

    /// Address of a proxy in front of the portal whose X-Forwarded-For is believed, besides those
    /// on this machine
    #[arg(long, env = "PORTAL_TRUSTED_PROXY", value_parser = trusted_proxy)]
    pub trusted_proxy: Option<IpAddr>,

    #[command(flatten)]
    pub upstream: UpstreamSettings,

    #[command(flatten)]
    pub api: ApiSettings,

    /// How often the lists are fetched anew, such as 15m or 1h
    #[arg(long, env = "PORTAL_SYNC_INTERVAL", default_value = "15m", value_parser = sync_interval)]
    pub sync_interval: Duration,

    /// Memory in megabytes for searching lists. What does not fit in is read anew from the database when it is asked
    /// for, which takes seconds for a million rows
    #[arg(long, env = "PORTAL_LIST_MEMORY", default_value_t = LIST_MEMORY, value_parser = list_memory)]
    pub list_memory: u32,
}

/// Too little for 1 000 000 sales units that have as many orders.
pub const LIST_MEMORY: u32 = 256;

/// Where the portal keeps what it knows.
#[derive(Args, Clone, Debug)]
pub struct DatabaseSettings {
    /// PostgreSQL to use, such as postgres://user:password@host/database. Without it the portal
    /// runs a PostgreSQL of its own in the data folder
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_parser = database_url)]
    pub database_url: Option<String>,

    /// Folder for the portal's own database and secret key
    #[arg(long, env = "PORTAL_DATA_DIR", default_value = "./data")]
    pub data_dir: PathBuf,

    /// File with the key that seals secrets; made on the first start [default: DATA_DIR/secret.key]
    #[arg(long, env = "PORTAL_SECRET_KEY_FILE")]
    pub secret_key_file: Option<PathBuf>,
}

impl DatabaseSettings {
    pub fn secret_key_path(&self) -> PathBuf {
        self.secret_key_file.clone().unwrap_or_else(|| self.data_dir.join("secret.key"))
    }
}

/// How to reach Vipps MobilePay.
#[derive(Args, Clone, Debug)]
pub struct UpstreamSettings {
    /// Address of the Vipps MobilePay APIs, for organisations that name no other
    #[arg(long, env = "PORTAL_UPSTREAM_URL", default_value = "https://api.vipps.no", value_parser = upstream_url)]
    pub upstream_url: String,

    /// Address of the Vipps MobilePay APIs for organisations in the test environment that name no other. It has no
    /// Management API: with their keys, tokens and webhooks are asked for there, and nothing else
    #[arg(long, env = "PORTAL_TEST_UPSTREAM_URL", default_value = "https://apitest.vipps.no", value_parser = test_upstream_url)]
    pub test_upstream_url: String,

    /// Most calls a second to upstream for each client id
    #[arg(long, env = "PORTAL_UPSTREAM_RATE", default_value = "10", value_parser = upstream_rate)]
    pub upstream_rate: f64,

    #[command(flatten)]
    pub vault: VaultSettings,
}

/// What programs may ask of the portal.
#[derive(Args, Clone, Debug)]
pub struct ApiSettings {
    /// Most requests a minute with one API token
    #[arg(long, env = "PORTAL_API_RATE", default_value_t = API_RATE, value_parser = api_rate)]
    pub api_rate: NonZeroU32,
}

const API_RATE: NonZeroU32 = NonZeroU32::new(1_200).unwrap();

impl Default for ApiSettings {
    fn default() -> Self {
        Self { api_rate: API_RATE }
    }
}

/// What is logged, and how.
#[derive(Args, Clone, Debug)]
pub struct LogSettings {
    /// What to log: error, warn, info, debug or trace, for all or by module
    #[arg(long, env = "PORTAL_LOG", default_value = "info", global = true, value_parser = log_filter)]
    pub log: String,

    /// How to write log lines
    #[arg(long, env = "PORTAL_LOG_FORMAT", default_value = "text", global = true)]
    pub log_format: LogFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    Text,
    Json,
}

impl Settings {
    /// Says what is wrong with the settings taken together.
    pub fn fault(&self) -> Option<String> {
        (self.public_url.is_none() && !self.listen.ip().is_loopback()).then(|| {
            format!(
                "PORTAL_LISTEN is {}, which others can reach, so PORTAL_PUBLIC_URL must say at which https address a \
                 proxy serves the portal, such as https://portal.example.com",
                self.listen
            )
        })
    }

    /// The address people open, without a slash at the end.
    pub fn public_url(&self) -> String {
        self.public_url.clone().unwrap_or_else(|| format!("http://{}", self.listen))
    }
}

fn listen(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "PORTAL_LISTEN is an address and a port, such as 127.0.0.1:3000".to_owned())
}

fn public_url(text: &str) -> Result<String, String> {
    let example = "such as https://portal.example.com";
    let url = reqwest::Url::parse(text).map_err(|_| format!("PORTAL_PUBLIC_URL is a web address, {example}"))?;
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(format!("PORTAL_PUBLIC_URL has no path, {example}"));
    }
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        _ => return Err(format!("PORTAL_PUBLIC_URL is https unless it is this machine, {example}")),
    }
    Ok(text.trim_end_matches('/').to_owned())
}

fn trusted_proxy(text: &str) -> Result<IpAddr, String> {
    text.parse().map_err(|_| "PORTAL_TRUSTED_PROXY is the address of a machine, such as 10.0.0.5".to_owned())
}

/// Checks the address of an upstream.
pub fn upstream_url(text: &str) -> Result<String, String> {
    address_of_upstream("PORTAL_UPSTREAM_URL", text, "such as https://api.vipps.no")
}

fn test_upstream_url(text: &str) -> Result<String, String> {
    address_of_upstream("PORTAL_TEST_UPSTREAM_URL", text, "such as https://apitest.vipps.no")
}

fn address_of_upstream(setting: &str, text: &str, example: &str) -> Result<String, String> {
    let url = reqwest::Url::parse(text).map_err(|_| format!("{setting} is a web address, {example}"))?;
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        _ => return Err(format!("{setting} is https unless it is this machine, {example}")),
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// Whether an address is this machine, where nobody can listen in between.
fn is_loopback(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

fn database_url(text: &str) -> Result<String, String> {
    let known = text.starts_with("postgres://") || text.starts_with("postgresql://");
    known.then(|| text.to_owned()).ok_or_else(|| {
        "DATABASE_URL is the address of a PostgreSQL database, such as postgres://user:password@host/database"
            .to_owned()
    })
}

fn upstream_rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate| (0.1..=1000.0).contains(rate));
    rate.ok_or_else(|| "PORTAL_UPSTREAM_RATE is a number of calls a second from 0.1 to 1000, such as 10".to_owned())
}

fn api_rate(text: &str) -> Result<NonZeroU32, String> {
    text.parse().map_err(|_| "PORTAL_API_RATE is a number of requests a minute, such as 1200".to_owned())
}

fn sync_interval(text: &str) -> Result<Duration, String> {
    let interval = humantime::parse_duration(text).ok();
    let interval =
        interval.filter(|interval| (Duration::from_secs(10)..=Duration::from_secs(604_800)).contains(interval));
    interval.ok_or_else(|| "PORTAL_SYNC_INTERVAL is a time from 10s to 7d, such as 15m".to_owned())
}

fn list_memory(text: &str) -> Result<u32, String> {
    let megabytes = text.parse().ok().filter(|megabytes| (16..=65_536).contains(megabytes));
    megabytes.ok_or_else(|| "PORTAL_LIST_MEMORY is a number of megabytes from 16 to 65536, such as 256".to_owned())
}

fn log_filter(text: &str) -> Result<String, String> {
    let filter = text.parse::<tracing_subscriber::EnvFilter>();
    filter.map(|_| text.to_owned()).map_err(|_| {
        "PORTAL_LOG is a level or a list of modules and levels, such as info,partner_portal=debug".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_value_is_named_with_an_example() {
        for fault in [
            listen("3000").unwrap_err(),
            public_url("portal.example.com").unwrap_err(),
            public_url("http://portal.example.com").unwrap_err(),
            public_url("https://portal.example.com/path").unwrap_err(),
            upstream_url("http://api.vipps.no").unwrap_err(),
            test_upstream_url("apitest.vipps.no").unwrap_err(),
            upstream_rate("fast").unwrap_err(),
            upstream_rate("0").unwrap_err(),
            upstream_rate("NaN").unwrap_err(),
            api_rate("0").unwrap_err(),
            sync_interval("1s").unwrap_err(),
            list_memory("256MB").unwrap_err(),
            list_memory("1").unwrap_err(),
            database_url("mysql://x").unwrap_err(),
            log_filter("a=b=c").unwrap_err(),
        ] {
            assert!(
                fault.contains("such as") && (fault.contains("PORTAL_") || fault.contains("DATABASE_URL")),
                "{fault}"
            );
        }
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for url in ["http://127.0.0.1:4010", "http://localhost:4010", "http://[::1]:4010", "https://api.vipps.no"] {
            assert_eq!(upstream_url(url).unwrap(), url);
        }
    }
}
