//! Measuring the portal on this machine.

use clap::Args;

use crate::server::site::Files;

#[derive(Args)]
pub struct BenchSettings {
    /// Sales units to load
    #[arg(long, default_value_t = 100_000)]
    sales_units: u32,
}

pub async fn run(_settings: BenchSettings, _files: Files) -> anyhow::Result<()> {
    anyhow::bail!("later")
}
