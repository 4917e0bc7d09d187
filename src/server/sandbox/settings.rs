//! The sandbox's settings on the command line.

use std::net::{Ipv4Addr, SocketAddr};

use clap::ArgAction;

use super::faults::{self, Fault};
use super::recurring::SOME_DOZENS;

/// The long help of `--agreements`.
const AGREEMENTS: &str = "\
How many recurring agreements the first merchant with keys has; the other ones have at most 60.
Their charges move with time: planned until the due day, due from midnight UTC, tried from 07:00 on. What becomes of
a charge is in the last two digits of its amount in minor units, such as 499.01:
  .01  fails: user_action_required          .02  fails: charge_amount_too_high
  .03  fails: non_technical_error           .04  fails: technical_error
  .05  is paid a day late                   .06  stays in PROCESSING
  all other ones are paid on their day; what is more than the customer's maximum fails
The first charge of an agreement goes the same way when the customer approves, and a failed one ends the agreement.
The page behind vippsConfirmationUrl lets a person approve, reject or stop, and lets days pass.";

/// Which versions of the Recurring API the sandbox speaks.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecurringVersions {
    /// That of 2018 and today's
    Both,
    /// Only that of 2018
    #[value(name = "1")]
    First,
    /// Only today's
    #[value(name = "3")]
    Third,
}

#[derive(clap::Args, Clone, Debug)]
pub struct SandboxSettings {
    /// Where the simulated Vipps MobilePay answers
    #[arg(long, env = "PORTAL_SANDBOX_LISTEN", default_value = "127.0.0.1:4010", value_name = "ADDRESS")]
    pub listen: SocketAddr,

    /// How many partners there are; the first has most of the sales units
    #[arg(long, default_value_t = 3, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub partners: u16,

    /// How many sales units there are in all
    #[arg(long, default_value_t = 2000, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(0..=2_000_000))]
    pub sales_units: u32,

    /// How many merchants own them [default: a third of the sales units]
    #[arg(long, value_name = "COUNT")]
    pub merchants: Option<u32>,

    /// The same seed gives the same names, numbers, keys and chances
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    pub seed: u64,

    /// Calls per second that a client_id may make, over which it gets 429; 0 for no limit
    #[arg(long, default_value_t = 200.0, value_name = "RATE", value_parser = rate)]
    pub rate_limit: f64,

    /// Which versions of the Recurring API there are
    #[arg(long, value_enum, default_value_t = RecurringVersions::Both, value_name = "VERSION")]
    pub recurring: RecurringVersions,

    /// Calls per second of the Recurring API that a client_id may make, over which it gets 429; 0 for no limit
    #[arg(long, default_value_t = 20, value_name = "COUNT")]
    pub recurring_rate_limit: usize,

    /// How many recurring agreements the first merchant with keys has; the other ones have at most 60
    #[arg(long, default_value_t = SOME_DOZENS, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(0..=1_000_000), long_help = AGREEMENTS)]
    pub agreements: u32,

    /// Let something go wrong, such as error=503:10%; may be given several times, see --help
    #[arg(long = "fault", value_name = "FAULT", long_help = faults::HELP)]
    pub faults: Vec<Fault>,

    /// Whether product orders may have complianceData, as until the end of 2025 [default: true]
    #[arg(long, default_value_t = true, hide_default_value = true, action = ArgAction::Set, value_name = "TRUE|FALSE", num_args = 0..=1, default_missing_value = "true")]
    pub compliance_data: bool,

    /// Whether what upstream only proposed is there: merchants, whoami, PATCH of sales units, contracts, API quality [default: true]
    #[arg(long, default_value_t = true, hide_default_value = true, action = ArgAction::Set, value_name = "TRUE|FALSE", num_args = 0..=1, default_missing_value = "true")]
    pub proposals: bool,

    /// Print the organisations and their keys as JSON and end
    #[arg(long)]
    pub print_keys: bool,
}

impl Default for SandboxSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 4010)),
            partners: 3,
            sales_units: 2000,
            merchants: None,
            seed: 1,
            rate_limit: 200.0,
            recurring: RecurringVersions::Both,
            recurring_rate_limit: 20,
            agreements: SOME_DOZENS,
            faults: Vec::new(),
            compliance_data: true,
            proposals: true,
            print_keys: false,
        }
    }
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate: &f64| rate.is_finite() && *rate >= 0.0);
    rate.ok_or_else(|| format!("{text:?} is not a number of calls per second such as 10 or 0.5"))
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        settings: SandboxSettings,
    }

    #[test]
    fn the_defaults_are_those_of_the_command_line() {
        Command::command().debug_assert();
        let parsed = Command::parse_from(["sandbox"]).settings;
        assert_eq!(format!("{parsed:?}"), format!("{:?}", SandboxSettings::default()));
    }

    #[test]
    fn faults_are_repeated_and_explained() {
        let words =
            ["sandbox", "--fault", "half-list", "--fault", "error=503:10%", "--merchants", "7", "--rate-limit", "0"];
        let parsed = Command::parse_from(words).settings;
        assert_eq!(parsed.faults.len(), 2);
        assert_eq!(parsed.merchants, Some(7));
        assert!(parsed.compliance_data && parsed.proposals);
        let parsed = Command::parse_from(["sandbox", "--proposals=false", "--compliance-data", "false"]).settings;
        assert!(!parsed.compliance_data && !parsed.proposals);
        let help = Command::command().render_long_help().to_string();
        for word in [
            "blackhole=1%",
            "lost-answer=5%",
            "shape=2023",
            "--proposals",
            "--compliance-data",
            "900504",
            "PORTAL_SANDBOX_LISTEN",
            "charge_amount_too_high",
            "--recurring-rate-limit",
        ] {
            assert!(help.contains(word), "{word} is not explained");
        }
        for wrong in [["--rate-limit", "-1"], ["--fault", "nonsense"], ["--partners", "0"]] {
            let words = std::iter::once("sandbox").chain(wrong);
            assert!(Command::try_parse_from(words).is_err(), "{wrong:?}");
        }
    }
}
