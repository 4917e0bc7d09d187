//! How text is compared when people search: by what it sounds like on the phone.
//!
//! Case, accents, spaces and punctuation do not count; `æ` is `ae`, `ø` is `o`, and `å`, `a` and
//! `aa` are the same, so `raksmorgas` finds `Räksmörgås` and `blaabaer` finds `Blåbær`. Numbers are
//! found however they are grouped, with or without the country around them (`NO 987 654 321 MVA`).

use std::ops::Range;

use unicode_normalization::char::decompose_canonical;

/// The text in the form that is compared. Only letters and digits are left.
///
/// If a text contains a piece of text, then its folded form contains the folded piece.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for character in text.chars() {
        fold_character(character, |letter| push(&mut folded, letter));
    }
    folded
}

/// The text in the form that names are put in order by: accents and case do not count, but words
/// stay apart, so that all of `Ås Torg` comes before `Åsane`.
pub fn sort_key(text: &str) -> String {
    let mut key = String::with_capacity(text.len());
    for word in text.split(|character: char| !character.is_alphanumeric()) {
        if !word.is_empty() && !key.is_empty() {
            key.push(' ');
        }
        for character in word.chars() {
            fold_character(character, |letter| key.push(letter));
        }
    }
    key
}

/// The words of what somebody typed, folded; a text matches when it contains all of them.
pub fn needles(typed: &str) -> Vec<String> {
    let words: Vec<String> = typed.split_whitespace().map(fold).filter(|word| !word.is_empty()).collect();
    let mut needles: Vec<String> = Vec::with_capacity(words.len());
    let mut at = 0;
    while at < words.len() {
        let (needle, used) = identifier(&words[at..]).unwrap_or_else(|| (words[at].clone(), 1));
        needles.push(needle);
        at += used;
    }
    needles
}

/// A piece of a text, and whether it is what was searched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    pub text: &'a str,
    pub marked: bool,
}

/// Cuts `text` where the needles are found in it. The pieces together are the text.
pub fn mark<'a>(text: &'a str, needles: &[String]) -> Vec<Piece<'a>> {
    let mut pieces = Vec::new();
    let mut at = 0;
    for range in matches(text, needles) {
        if at < range.start {
            pieces.push(Piece { text: &text[at..range.start], marked: false });
        }
        at = range.end;
        pieces.push(Piece { text: &text[range], marked: true });
    }
    if at < text.len() {
        pieces.push(Piece { text: &text[at..], marked: false });
    }
    pieces
}

/// A number people write in groups or with its country around it, read from the start of `words`.
///
/// Groups have at most three digits, and together they are as long as a number that is grouped;
/// everything else stays a word of its own, so that two numbers in one search are two.
fn identifier(words: &[String]) -> Option<(String, usize)> {
    let is_country = |word: &String| matches!(word.as_str(), "no" | "dk" | "fi");
    let country = usize::from(words.len() > 1 && is_country(&words[0]));
    let groups = words[country..].iter().take_while(|word| is_number(word) && word.len() <= 3).count();
    let grouped = words[country..country + groups].concat();
    let alone = words[country..].first().filter(|word| is_number(word) && word.len() >= 8);
    let (number, used) = match alone {
        Some(number) => (number.clone(), country + 1),
        None if (6..=9).contains(&grouped.len()) => (grouped, country + groups),
        None => return prefixed(&words[0]).map(|number| (number, 1)),
    };
    let suffix = usize::from(words.get(used).is_some_and(|word| word == "mva"));
    Some((number, used + suffix))
}

/// The number in `no987654321mva`.
fn prefixed(word: &str) -> Option<String> {
    let bare = ["no", "dk", "fi"].iter().find_map(|country| word.strip_prefix(country)).unwrap_or(word);
    let bare = bare.strip_suffix("mva").unwrap_or(bare);
    (bare.len() >= 8 && is_number(bare)).then(|| bare.to_owned())
}

fn is_number(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit())
}

fn fold_character(character: char, mut push: impl FnMut(char)) {
    if character.is_ascii() {
        if character.is_ascii_alphanumeric() {
            push(character.to_ascii_lowercase());
        }
        return;
    }
    for lower in character.to_lowercase() {
        decompose_canonical(lower, |part| match part {
            'æ' => {
                push('a');
                push('e');
            }
            'ø' => push('o'),
            'ß' => {
                push('s');
                push('s');
            }
            'đ' | 'ð' => push('d'),
            'ł' => push('l'),
            'þ' => {
                push('t');
                push('h');
            }
            part if part.is_alphanumeric() => push(part),
            _ => {}
        });
    }
}

/// Runs of `a` count as one: that makes `å`, `a` and `aa` equal on both sides of the comparison.
fn push(folded: &mut String, letter: char) {
    if letter != 'a' || !folded.ends_with('a') {
        folded.push(letter);
    }
}

/// Where the needles are found, as ranges of bytes of `text`: in order, apart from each other.
fn matches(text: &str, needles: &[String]) -> Vec<Range<usize>> {
    if needles.is_empty() {
        return Vec::new();
    }
    let mut folded = String::with_capacity(text.len());
    // For each byte of the folded text, the character of the text that it came from.
    let mut sources: Vec<Range<usize>> = Vec::with_capacity(text.len());
    for (start, character) in text.char_indices() {
        let source = start..start + character.len_utf8();
        fold_character(character, |letter| {
            push(&mut folded, letter);
            sources.resize(folded.len(), source.clone());
            if let Some(last) = sources.last_mut() {
                last.end = source.end;
            }
        });
    }
    let mut found: Vec<Range<usize>> = needles
        .iter()
        .flat_map(|needle| folded.match_indices(needle.as_str()))
        .map(|(at, needle)| sources[at].start..sources[at + needle.len() - 1].end)
        .collect();
    found.sort_by_key(|range| (range.start, range.end));
    found.dedup_by(|next, kept| {
        let touch = next.start <= kept.end;
        if touch {
            kept.end = kept.end.max(next.end);
        }
        touch
    });
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn finds(typed: &str, text: &str) -> bool {
        let folded = fold(text);
        needles(typed).iter().all(|needle| folded.contains(needle.as_str()))
    }

    #[test]
    fn what_people_type_finds_what_they_mean() {
        let cases = [
            ("raksmorgas", "Räksmörgås & Kaffe"),
            ("RÄKSMÖRGÅS", "raksmorgas"),
            ("blabaer", "Blåbær"),
            ("blaabaer", "Blåbær"),
            ("blåbær", "Blaabaer"),
            ("ågård", "Aagaard Frisør"),
            ("frisor", "Aagaard Frisør"),
            ("kaffebar", "Kaffe-Bar"),
            ("bar kaffe", "Kaffe Bar"),
            ("987 654 321", "987654321"),
            ("987654321", "987 654 321"),
            ("NO987654321MVA", "987654321"),
            ("NO 987 654 321 MVA", "987654321"),
            ("no 987654321", "987654321"),
            ("DK16427888", "16427888"),
            ("FI33302144", "3330214-4"),
            ("3330214-4", "33302144"),
            ("918713867 123456", "123456 918713867"),
            ("918 713 867 123456", "123456 918713867"),
            ("DK 16 42 78 88", "16427888"),
            ("123 456", "123456"),
            ("7 11", "7-Eleven 711 Majorstuen"),
            ("kaffe 987 654 321", "Kaffe AS 987654321"),
            ("é", "E"),
            ("", "anything"),
            (" - ", "anything"),
        ];
        for (typed, text) in cases {
            assert!(finds(typed, text), "{typed:?} should find {text:?}: {:?} in {:?}", needles(typed), fold(text));
        }
        for (typed, text) in [("kafe bar", "Kaffe Bar"), ("987 654 322", "987654321"), ("no", "Kaffe")] {
            assert!(!finds(typed, text), "{typed:?} should not find {text:?}");
        }
    }

    #[test]
    fn names_are_ordered_by_their_words() {
        let ordered = [
            "7-Eleven",
            "Å Kragerø",
            "Ærfugl Kaffe",
            "Blåbær Kaffe Ås Torg",
            "Blåbær Kaffe Åsane",
            "Kanerva Apteekki",
            "Kanerva Kioski",
        ];
        assert!(ordered.map(sort_key).is_sorted(), "{:?}", ordered.map(sort_key));
        assert_eq!(sort_key(" Café  & Bar "), "cafe bar");
    }

    #[test]
    fn matches_are_marked_in_the_original_spelling() {
        let marked = |text: &str, typed: &str| -> String {
            let pieces = mark(text, &needles(typed)).into_iter();
            pieces.map(|piece| if piece.marked { format!("[{}]", piece.text) } else { piece.text.to_owned() }).collect()
        };
        assert_eq!(marked("Räksmörgås & Kaffe", "raksm"), "[Räksm]örgås & Kaffe");
        assert_eq!(marked("Blåbær Kaffe", "kaf aaba"), "Bl[åbæ]r [Kaf]fe");
        assert_eq!(marked("987 654 321", "876"), "9[87 6]54 321");
        assert_eq!(marked("Aagaard", "ag"), "[Aag]aard");
        assert_eq!(marked("Kaffe", "x"), "Kaffe");
    }

    proptest! {
        #[test]
        fn a_piece_of_a_text_is_found_in_it(text in "[a-zåäöæøé0-9 .&-]{0,30}", from in 0usize..30, length in 1usize..10) {
            let piece: String = text.chars().skip(from).take(length).collect();
            prop_assert!(fold(&text).contains(&fold(&piece)));
        }

        #[test]
        fn folding_twice_is_folding_once(text in ".*") {
            prop_assert_eq!(fold(&fold(&text)), fold(&text));
        }

        #[test]
        fn marking_loses_nothing(text in ".{0,40}", typed in "[a-zåø0-9 ]{0,6}") {
            let whole: String = mark(&text, &needles(&typed)).iter().map(|piece| piece.text).collect();
            prop_assert_eq!(whole, text);
        }
    }
}
