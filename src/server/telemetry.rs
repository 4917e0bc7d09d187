//! Logs.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use super::config::{LogFormat, LogSettings};

/// Starts logging to standard error. What else a process prints goes to standard output.
pub fn start(settings: &LogSettings) {
    let filter = EnvFilter::try_new(&settings.log).unwrap_or_default();
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let lines = lines.with_ansi(std::io::stderr().is_terminal());
    let started = match settings.log_format {
        LogFormat::Text => lines.with_target(false).try_init(),
        LogFormat::Json => lines.json().try_init(),
    };
    if let Err(error) = started {
        eprintln!("logging could not be started: {error}");
    }
}
