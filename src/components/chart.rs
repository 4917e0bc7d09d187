//! Charts, drawn by the server: pictures with a title, a sentence, and the same in numbers behind them.

use leptos::prelude::*;

/// Height of a drawing, in its own units; its width depends on how many steps there are.
const HEIGHT: f64 = 100.0;
/// Width of one step.
const STEP: f64 = 10.0;
/// What is there must be seen, however little it is.
const LEAST: f64 = 1.5;

/// What stands around a drawing.
#[derive(Clone, Debug)]
pub struct Caption {
    /// Unique on the page.
    pub id: &'static str,
    pub title: &'static str,
    /// What the drawing says, for those who do not see it and those in a hurry.
    pub sentence: String,
    /// The first step, one in the middle, and the last one.
    pub times: [String; 3],
}

/// Two counts one on the other: what went wrong below, where it is seen, the rest above it.
#[component]
pub fn StackedBars(
    caption: Caption,
    /// Of each step: how many went wrong, and how many did not.
    bars: Vec<(u64, u64)>,
    /// What went wrong and the rest, in words.
    labels: [&'static str; 2],
    /// The same in numbers.
    children: Children,
) -> impl IntoView {
    let top = nice_top(bars.iter().map(|(bad, good)| bad + good).max().unwrap_or_default());
    let height = |count: u64| if count == 0 { 0.0 } else { (count as f64 / top as f64 * HEIGHT).max(LEAST) };
    let (mut bad, mut good) = (String::new(), String::new());
    for (at, (wrong, right)) in bars.iter().enumerate() {
        let x = at as f64 * STEP + 1.0;
        let (below, above) = (height(*wrong), height(*right));
        bad.push_str(&bar(x, HEIGHT, below));
        good.push_str(&bar(x, HEIGHT - below, above.min(HEIGHT - below)));
    }
    let drawing = view! { <path class="good" d=good/><path class="bad" d=bad/> }.into_any();
    let legend = vec![("bad", labels[0]), ("good", labels[1])];
    figure(caption, bars.len(), [count(top), count(top / 2)], drawing, legend, children)
}

/// Lines of times; where nothing was measured there is a gap.
#[component]
pub fn Lines(
    caption: Caption,
    /// Milliseconds of each step, lowest line first.
    lines: [Vec<Option<u32>>; 2],
    /// What each line is, in words.
    labels: [&'static str; 2],
    /// The same in numbers.
    children: Children,
) -> impl IntoView {
    let top = nice_top(lines.iter().flatten().flatten().copied().max().unwrap_or_default().into());
    let steps = lines[0].len();
    let [(low, low_dots), (high, high_dots)] = lines.map(|line| path(&line, top));
    let drawing = view! {
        <path class="high" d=high/>
        <path class="low" d=low/>
        <path class="high dots" d=high_dots/>
        <path class="low dots" d=low_dots/>
    }
    .into_any();
    let legend = vec![("high", labels[1]), ("low", labels[0])];
    figure(caption, steps, [milliseconds(top), milliseconds(top / 2)], drawing, legend, children)
}

fn figure(
    Caption { id, title, sentence, times }: Caption,
    steps: usize,
    [top, middle]: [String; 2],
    drawing: AnyView,
    legend: Vec<(&'static str, &'static str)>,
    children: Children,
) -> impl IntoView {
    let (title_id, sentence_id) = (format!("{id}-title"), format!("{id}-sentence"));
    let view_box = format!("0 0 {} {HEIGHT}", steps as f64 * STEP);
    let right = (steps as f64 * STEP).to_string();
    let grid = format!("M0 0H{right}M0 50H{right}M0 {HEIGHT}H{right}");
    let legend = legend.into_iter().map(|(class, label)| view! { <li class=class>{label}</li> }).collect_view();
    let [first, between, last] = times;
    view! {
        <figure class="chart card" id=id>
            <figcaption>
                <h2 id=title_id.clone()>{title}</h2>
                <p class="hint" id=sentence_id.clone()>{sentence}</p>
            </figcaption>
            <ul class="legend">{legend}</ul>
            <div class="plot">
                <div class="scale" aria-hidden="true"><span>{top}</span><span>{middle}</span><span>"0"</span></div>
                <svg role="img" aria-labelledby=title_id aria-describedby=sentence_id viewBox=view_box preserveAspectRatio="none" focusable="false">
                    <path class="grid" d=grid/>
                    {drawing}
                </svg>
                <div class="times" aria-hidden="true"><span>{first}</span><span>{between}</span><span>{last}</span></div>
            </div>
            <details>
                <summary>"In numbers"</summary>
                {children()}
            </details>
        </figure>
    }
}

fn bar(x: f64, bottom: f64, height: f64) -> String {
    if height <= 0.0 {
        return String::new();
    }
    format!("M{x} {bottom:.1}v-{height:.1}h{}v{height:.1}z", STEP - 2.0)
}

/// A line through the middle of each step, and dots for steps that stand alone between gaps.
fn path(line: &[Option<u32>], top: u64) -> (String, String) {
    let (mut path, mut dots) = (String::new(), String::new());
    let is_there = |at: Option<usize>| at.and_then(|at| line.get(at)).is_some_and(Option::is_some);
    for (at, value) in line.iter().enumerate() {
        let Some(value) = value else { continue };
        let x = at as f64 * STEP + STEP / 2.0;
        let y = HEIGHT - f64::from(*value) / top as f64 * HEIGHT;
        match (is_there(at.checked_sub(1)), is_there(Some(at + 1))) {
            (false, false) => dots.push_str(&format!("M{x} {y:.1}h.01")),
            (true, _) => path.push_str(&format!("L{x} {y:.1}")),
            (false, true) => path.push_str(&format!("M{x} {y:.1}")),
        }
    }
    (path, dots)
}

/// The next larger number that is easily halved: 2, 4, 10, 20, 40, 100 …
fn nice_top(most: u64) -> u64 {
    let mut ten = 1;
    loop {
        for step in [2, 4, 10] {
            let top = step * ten;
            if top >= most {
                return top;
            }
        }
        ten *= 10;
    }
}

fn count(number: u64) -> String {
    super::grouped(usize::try_from(number).unwrap_or(usize::MAX))
}

/// A time as people read it: `85 ms`, `1.2 s`.
pub fn milliseconds(number: u64) -> String {
    match number {
        0..1_000 => format!("{number}\u{a0}ms"),
        _ if number.is_multiple_of(1_000) || number >= 10_000 => format!("{}\u{a0}s", number.div_ceil(1_000)),
        _ => format!("{:.1}\u{a0}s", number as f64 / 1_000.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_end_with_numbers_that_are_easily_halved() {
        let tops = [(0, 2), (2, 2), (3, 4), (5, 10), (11, 20), (21, 40), (41, 100), (1_000, 1_000), (1_001, 2_000)];
        for (most, top) in tops {
            assert_eq!(nice_top(most), top);
        }
    }

    #[test]
    fn lines_have_gaps_where_nothing_was_measured() {
        let (line, dots) = path(&[Some(50), Some(100), None, Some(0), None, Some(25), Some(50)], 100);
        assert_eq!((line.as_str(), dots.as_str()), ("M5 50.0L15 0.0M55 75.0L65 50.0", "M35 100.0h.01"));
        assert_eq!(path(&[None, None], 100), (String::new(), String::new()));
    }

    #[test]
    fn times_are_told_as_exactly_as_it_matters() {
        let cases =
            [(0, "0\u{a0}ms"), (999, "999\u{a0}ms"), (1_240, "1.2\u{a0}s"), (2_000, "2\u{a0}s"), (29_100, "30\u{a0}s")];
        for (number, expected) in cases {
            assert_eq!(milliseconds(number), expected);
        }
    }
}
