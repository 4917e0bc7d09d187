//! The command line: parse, call, exit code.

use std::process::ExitCode;

use clap::Parser;
use partner_portal::server::commands::{Command, run};
use partner_portal::server::config::LogSettings;
use partner_portal::server::telemetry;

/// Rendering a page makes thousands of small allocations, each as short-lived as the page; with
/// the system's allocator they take almost half of its time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The built site, inside the executable. It is here rather than in the library, so that a new
/// style sheet costs a link and not a build.
#[derive(rust_embed::RustEmbed)]
#[folder = "target/site"]
struct Files;

/// A self-hosted portal for partners of Vipps MobilePay.
#[derive(Parser)]
#[command(version, about, max_term_width = 100)]
struct CommandLine {
    #[command(flatten)]
    log: LogSettings,
    #[command(subcommand)]
    command: Command,
}

fn main() -> ExitCode {
    let CommandLine { log, command } = CommandLine::parse();
    telemetry::start(&log);
    match run(command, |path| Files::get(path).map(|file| file.data)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("partner-portal: {error:#}");
            ExitCode::FAILURE
        }
    }
}
