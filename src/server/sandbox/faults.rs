//! Faults one can order: what goes wrong, and for which share of the calls.

use std::fmt;
use std::str::FromStr;
use std::sync::Mutex;
use std::time::Duration;

use axum::http::StatusCode;
use fastrand::Rng;

use super::locked;

/// The long help of `--fault`.
pub const HELP: &str = "\
Let something go wrong; may be given several times. Shares are of all calls, those for tokens too, and
repeat with the same --seed.
  latency=200ms         every answer comes so late; latency=50ms..2s for a random time between the two
  error=503:10%         this status for this share of the calls; 503 and 429 bring Retry-After
  truncate=5%           the connection is cut in the middle of the announced body
  malformed=5%          a success with broken JSON
  html=2%               502 with a page of HTML
  blackhole=1%          the call is taken and never answered
  lost-answer=5%        of POST, PATCH and DELETE only, never of those for tokens: the call is carried out, then
                        the connection is cut, before any byte of the answer or in the middle of its body
  empty-list            lists (of sales units, product orders, price packages, webhooks, merchants) are 200 and empty
  half-list             lists are valid and hold only half
  expire-tokens=2s      tokens die after this time, whatever life was announced
  hidden-limit=7        a lower rate limit (calls per second) than --rate-limit
  shape=2023            answers as in 2023: {\"salesUnits\":[{\"msn\":123456,...}]}, {\"merchant\":{...}}, and the
                        words of then for statuses and product types: PROCESSING, VIPPS_PA_NETT, ePayment
  shape=wrapped         {\"msn\":[\"123456\",...]}, {\"merchant\":{...}}
  shape=numbers         serial numbers are JSON numbers
  shape=strings         lists are bare serial numbers: [\"123456\",...]
Some serial numbers always answer with a fault when asked for at /management/v1/sales-units/{msn} by a valid
caller, though no list has them: 900429 (429 with Retry-After), 900500, 900503 (with Retry-After),
900504 (never answers), 900900 (cut off), 900901 (broken JSON). Pages for merchants know no faults.";

#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// A random time between the two.
    Latency {
        least: Duration,
        most: Duration,
    },
    Error {
        status: StatusCode,
        share: Share,
    },
    Truncate(Share),
    Malformed(Share),
    Html(Share),
    Blackhole(Share),
    /// The call is carried out and its answer gets lost; of POST, PATCH and DELETE only.
    LostAnswer(Share),
    EmptyList,
    HalfList,
    ExpireTokens(Duration),
    /// Calls per second.
    HiddenLimit(f64),
    Shape(Shape),
}

/// A part of all calls, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share(f64);

/// Which of upstream's answer shapes is used. The current one is used when none is ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Year2023,
    Wrapped,
    Numbers,
    Strings,
}

const SHAPES: [(Shape, &str); 4] =
    [(Shape::Year2023, "2023"), (Shape::Wrapped, "wrapped"), (Shape::Numbers, "numbers"), (Shape::Strings, "strings")];

/// How much of a list is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListPart {
    All,
    Half,
    Nothing,
}

/// Where the connection breaks when an answer gets lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    BeforeAnyByte,
    InTheBody,
}

/// What happens to one call.
#[expect(clippy::struct_excessive_bools, reason = "each is drawn on its own")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fate {
    pub latency: Option<Duration>,
    pub blackhole: bool,
    pub error: Option<StatusCode>,
    pub html: bool,
    pub malformed: bool,
    pub truncate: bool,
    /// Only for calls that change something.
    pub lost: Option<Cut>,
}

/// The faults in force.
pub struct Faults {
    seed: u64,
    state: Mutex<State>,
}

struct State {
    list: Vec<Fault>,
    rng: Rng,
}

impl Faults {
    pub fn new(list: Vec<Fault>, seed: u64) -> Self {
        Self { seed, state: Mutex::new(State { list, rng: Rng::with_seed(seed) }) }
    }

    /// Chance begins anew, so that runs repeat.
    pub fn set(&self, list: Vec<Fault>) {
        *locked(&self.state) = State { list, rng: Rng::with_seed(self.seed) };
    }

    /// Casts the dice for one call.
    pub fn draw(&self) -> Fate {
        let mut state = locked(&self.state);
        let State { list, rng } = &mut *state;
        let mut fate = Fate::default();
        for fault in list.iter() {
            match fault {
                Fault::Latency { least, most } => {
                    let drawn = *least + most.saturating_sub(*least).mul_f64(rng.f64());
                    fate.latency = Some(fate.latency.unwrap_or_default() + drawn);
                }
                Fault::Error { status, share } => {
                    let hit = share.hits(rng).then_some(*status);
                    fate.error = fate.error.or(hit);
                }
                Fault::Truncate(share) => fate.truncate |= share.hits(rng),
                Fault::Malformed(share) => fate.malformed |= share.hits(rng),
                Fault::Html(share) => fate.html |= share.hits(rng),
                Fault::Blackhole(share) => fate.blackhole |= share.hits(rng),
                Fault::LostAnswer(share) => {
                    let cut = if rng.bool() { Cut::BeforeAnyByte } else { Cut::InTheBody };
                    fate.lost = fate.lost.or(share.hits(rng).then_some(cut));
                }
                Fault::EmptyList
                | Fault::HalfList
                | Fault::ExpireTokens(_)
                | Fault::HiddenLimit(_)
                | Fault::Shape(_) => {}
            }
        }
        fate
    }

    pub fn list_part(&self) -> ListPart {
        let part = self.first(|fault| match fault {
            Fault::EmptyList => Some(ListPart::Nothing),
            Fault::HalfList => Some(ListPart::Half),
            _ => None,
        });
        part.unwrap_or(ListPart::All)
    }

    pub fn token_life(&self) -> Option<Duration> {
        self.first(|fault| if let Fault::ExpireTokens(life) = fault { Some(*life) } else { None })
    }

    pub fn hidden_limit(&self) -> Option<f64> {
        self.first(|fault| if let Fault::HiddenLimit(rate) = fault { Some(*rate) } else { None })
    }

    pub fn shape(&self) -> Option<Shape> {
        self.first(|fault| if let Fault::Shape(shape) = fault { Some(*shape) } else { None })
    }

    fn first<T>(&self, what: impl Fn(&Fault) -> Option<T>) -> Option<T> {
        locked(&self.state).list.iter().find_map(what)
    }
}

impl ListPart {
    /// The part of a list that is shown, from its beginning.
    pub fn of<T>(self, mut list: Vec<T>) -> Vec<T> {
        match self {
            Self::All => {}
            Self::Half => list.truncate(list.len() / 2),
            Self::Nothing => list.clear(),
        }
        list
    }
}

impl Share {
    /// None outside 0 to 1.
    pub fn new(share: f64) -> Option<Self> {
        (0.0..=1.0).contains(&share).then_some(Self(share))
    }

    fn hits(self, rng: &mut Rng) -> bool {
        rng.f64() < self.0
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Rounded, since 0.07 × 100 is not quite 7.
        write!(f, "{}%", (self.0 * 1e8).round() / 1e6)
    }
}

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let percent: Option<f64> = text.strip_suffix('%').and_then(|number| number.trim().parse().ok());
        let share = percent.and_then(|percent| Self::new(percent / 100.0));
        share.ok_or_else(|| format!("{text:?} is not a share of the calls such as 5%"))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = |duration: &Duration| humantime::format_duration(*duration).to_string().replace(' ', "");
        match self {
            Self::Latency { least, most } if least == most => write!(f, "latency={}", time(least)),
            Self::Latency { least, most } => write!(f, "latency={}..{}", time(least), time(most)),
            Self::Error { status, share } => write!(f, "error={}:{share}", status.as_u16()),
            Self::Truncate(share) => write!(f, "truncate={share}"),
            Self::Malformed(share) => write!(f, "malformed={share}"),
            Self::Html(share) => write!(f, "html={share}"),
            Self::Blackhole(share) => write!(f, "blackhole={share}"),
            Self::LostAnswer(share) => write!(f, "lost-answer={share}"),
            Self::EmptyList => f.write_str("empty-list"),
            Self::HalfList => f.write_str("half-list"),
            Self::ExpireTokens(life) => write!(f, "expire-tokens={}", time(life)),
            Self::HiddenLimit(rate) => write!(f, "hidden-limit={rate}"),
            Self::Shape(shape) => {
                let name = SHAPES.iter().find(|(known, _)| known == shape).map_or("", |(_, name)| name);
                write!(f, "shape={name}")
            }
        }
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        let time = |text: &str| {
            humantime::parse_duration(text).map_err(|_| format!("{text:?} is not a time such as 200ms or 2s"))
        };
        match name {
            "latency" => {
                let (least, most) = value.split_once("..").unwrap_or((value, value));
                let (least, most) = (time(least)?, time(most)?);
                if least > most {
                    return Err(format!("{value:?} goes backwards: write the shorter time first"));
                }
                Ok(Self::Latency { least, most })
            }
            "error" => {
                let (status, share) = value.split_once(':').unwrap_or((value, "100%"));
                let status = status.parse().ok().and_then(|status| StatusCode::from_u16(status).ok());
                let status = status.filter(|status| status.is_client_error() || status.is_server_error());
                let status = status.ok_or_else(|| format!("{value:?} does not begin with a status from 400 to 599"))?;
                Ok(Self::Error { status, share: share.parse()? })
            }
            "truncate" => Ok(Self::Truncate(value.parse()?)),
            "malformed" => Ok(Self::Malformed(value.parse()?)),
            "html" => Ok(Self::Html(value.parse()?)),
            "blackhole" => Ok(Self::Blackhole(value.parse()?)),
            "lost-answer" => Ok(Self::LostAnswer(value.parse()?)),
            "empty-list" if value.is_empty() => Ok(Self::EmptyList),
            "half-list" if value.is_empty() => Ok(Self::HalfList),
            "expire-tokens" => Ok(Self::ExpireTokens(time(value)?)),
            "hidden-limit" => {
                let rate = value.parse().ok().filter(|rate: &f64| rate.is_finite() && *rate > 0.0);
                rate.map(Self::HiddenLimit).ok_or_else(|| format!("{value:?} is not a number of calls per second"))
            }
            "shape" => {
                let shape = SHAPES.iter().find(|(_, name)| *name == value).map(|(shape, _)| Self::Shape(*shape));
                shape.ok_or_else(|| format!("{value:?} is not a shape: 2023, wrapped, numbers or strings"))
            }
            _ => Err(format!("{text:?} is not a known fault; write it like error=503:10% or half-list, see --help")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_read_as_they_are_written() {
        let written = [
            "latency=200ms",
            "latency=50ms..2s",
            "error=503:10%",
            "error=429:0.5%",
            "truncate=5%",
            "malformed=7%",
            "html=2%",
            "blackhole=1%",
            "lost-answer=5%",
            "empty-list",
            "half-list",
            "expire-tokens=2s",
            "hidden-limit=7",
            "hidden-limit=0.5",
            "shape=2023",
            "shape=wrapped",
            "shape=numbers",
            "shape=strings",
        ];
        for text in written {
            let fault: Fault = text.parse().unwrap();
            assert_eq!(fault.to_string(), text);
            let name = text.split(['=', '.']).next().unwrap();
            assert!(HELP.contains(name), "{name} is not in the help");
        }
        assert_eq!("error=500".parse::<Fault>().unwrap().to_string(), "error=500:100%");
    }

    #[test]
    fn wrong_faults_are_refused_with_a_reason() {
        let wrong = [
            "",
            "latency",
            "latency=2",
            "latency=2s..1s",
            "error=200:10%",
            "error=503:110%",
            "error=503:10",
            "html=",
            "truncate=-1%",
            "malformed=NaN%",
            "empty-list=1",
            "hidden-limit=0",
            "hidden-limit=inf",
            "shape=2024",
            "x=1",
        ];
        for text in wrong {
            let reason = text.parse::<Fault>().unwrap_err();
            assert!(!reason.is_empty(), "{text}");
        }
    }

    #[test]
    fn chance_repeats_with_the_seed() {
        let faults = Faults::new(vec!["error=503:20%".parse().unwrap(), "latency=1ms..9ms".parse().unwrap()], 3);
        let run: Vec<Fate> = (0..2000).map(|_| faults.draw()).collect();
        faults.set(vec!["error=503:20%".parse().unwrap(), "latency=1ms..9ms".parse().unwrap()]);
        assert!((0..2000).map(|_| faults.draw()).eq(run.iter().copied()));
        let errors = run.iter().filter(|fate| fate.error.is_some()).count();
        assert!((300..500).contains(&errors), "{errors} of 2000 at 20 %");
        let times = Duration::from_millis(1)..=Duration::from_millis(9);
        assert!(run.iter().all(|fate| times.contains(&fate.latency.unwrap())));
    }
}
