//! One value at a time: what upstream takes, and how it is written there. Errors are sentences
//! for the person who typed.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Pixels. Upstream silently drops smaller and larger pictures.
pub const LOGO_SHORTEST_SIDE: u32 = 100;
pub const LOGO_LONGEST_SIDE: u32 = 1000;
/// The portal's own limit; upstream names none.
pub const LOGO_MOST_BYTES: usize = 1 << 20;

const LONGEST_NAME: usize = 40;
const MOST_TURNOVER: u64 = 999_999_999;

/// Upstream's pattern is ``^[\p{L}\p{M}\d\\(\)-_\+\s\.`]+$``, in which `)-_` is a range: all
/// ASCII characters from the closing bracket to the underscore.
pub(super) fn sales_unit_name(text: &str) -> Result<String, String> {
    name_within(text, LONGEST_NAME)
}

/// The same, with at most `longest` UTF-16 units.
pub fn name_within(text: &str, longest: usize) -> Result<String, String> {
    let name: String = text.nfc().collect();
    let length = utf16_length(&name);
    if length > longest {
        return Err(format!("This has {length} characters; at most {longest} are taken."));
    }
    let mut wrong: Vec<String> = name.chars().filter(|character| !is_name_character(*character)).map(shown).collect();
    wrong.dedup();
    match wrong.as_slice() {
        [] => Ok(name),
        [one] => Err(format!("{one} is not allowed in the name of a sales unit.")),
        [most @ .., last] => {
            Err(format!("{} and {last} are not allowed in the name of a sales unit.", most.join(", ")))
        }
    }
}

fn is_name_character(character: char) -> bool {
    matches!(character, '('..='_' | '`')
        || character.is_ascii_alphanumeric()
        || character.is_whitespace()
        || is_letter(character)
        || is_combining_mark(character)
}

/// Unicode's category of letters. What the standard library calls alphabetic holds more:
/// marks, letter-like numbers such as Ⅳ, and letters in circles and squares.
fn is_letter(character: char) -> bool {
    let in_a_frame = matches!(character, '\u{24b6}'..='\u{24e9}' | '\u{1f130}'..='\u{1f149}'
        | '\u{1f150}'..='\u{1f169}' | '\u{1f170}'..='\u{1f189}');
    character.is_alphabetic() && !character.is_numeric() && !is_combining_mark(character) && !in_a_frame
}

/// A character as people can find it in what they typed.
fn shown(character: char) -> String {
    if character.is_alphanumeric() || character.is_ascii_punctuation() {
        character.to_string()
    } else {
        format!("{character} (U+{:04X})", u32::from(character))
    }
}

/// An address that begins with `https://` and names a host on the internet; scheme and host in
/// small letters.
pub(super) fn web_address(text: &str) -> Result<String, String> {
    let fault = |text: &str| Err(text.to_owned());
    let Some((scheme, rest)) = text.split_once("://") else { return fault("A web address begins with https://.") };
    if !scheme.eq_ignore_ascii_case("https") {
        return fault("A web address begins with https://; nothing else is taken.");
    }
    if let Some(wrong) = rest.chars().find(|character| character.is_whitespace()) {
        let what = if wrong == ' ' { "a blank".to_owned() } else { shown(wrong) };
        return Err(format!("There is {what} in the middle of the address."));
    }
    if let Some(wrong) = rest.chars().find(|character| "\\<>\"{}|^`".contains(*character)) {
        return Err(format!("{wrong} does not belong in a web address."));
    }
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    if authority.contains('@') {
        return fault("Leave out what stands before the @: user name and password have fields of their own.");
    }
    let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
    let is_port =
        |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0);
    if port.is_some_and(|port| !is_port(port)) {
        return fault("Behind the colon stands the number of a port.");
    }
    let host = host.to_lowercase();
    if !is_host(&host) {
        return Err(format!("{} is not the name of a website.", if host.is_empty() { "Nothing" } else { &host }));
    }
    let slash = if path.is_empty() || path.starts_with('/') { "" } else { "/" };
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    Ok(format!("https://{host}{port}{slash}{path}"))
}

/// At least two labels, the last of them no number.
fn is_host(host: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .chars()
                .all(|character| character == '-' || character.is_alphanumeric() || is_combining_mark(character))
    };
    let top = host.rsplit('.').next().unwrap_or_default();
    host.len() <= 253
        && host.contains('.')
        && host.split('.').all(is_label)
        && top.chars().count() >= 2
        && !top.chars().all(|character| character.is_ascii_digit())
}

/// The host of an address that [`web_address`] has made.
pub(super) fn host(address: &str) -> &str {
    let rest = address.strip_prefix("https://").unwrap_or(address);
    &rest[..rest.find(['/', ':']).unwrap_or(rest.len())]
}

/// Whole units of the local currency; blanks between the digits are how people write.
pub(super) fn turnover(text: &str) -> Result<u64, String> {
    let digits: String = text.chars().filter(|character| !character.is_whitespace()).collect();
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("Write whole units and digits only, such as 100 000.".to_owned());
    }
    let turnover = digits.parse().ok().filter(|turnover| *turnover <= MOST_TURNOVER);
    turnover.ok_or_else(|| "At most 999 999 999 is taken.".to_owned())
}

pub(super) fn category_code(text: &str) -> Result<String, String> {
    let right = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    right.then(|| text.to_owned()).ok_or_else(|| "A merchant category code has four digits.".to_owned())
}

/// Width and height of a PNG, as its header says; none if it is no PNG.
pub fn logo_size(png: &[u8]) -> Option<(u32, u32)> {
    let header = png.strip_prefix(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR")?;
    let number = |bytes: &[u8]| Some(u32::from_be_bytes(bytes.try_into().ok()?));
    Some((number(header.get(..4)?)?, number(header.get(4..8)?)?))
}

/// What is wrong with a logo of this size in pixels.
pub fn logo_size_fault(width: u32, height: u32) -> Option<String> {
    let said = format!("This picture is {width} by {height} pixels");
    if width.min(height) < LOGO_SHORTEST_SIDE {
        return Some(format!("{said}; each side must have at least {LOGO_SHORTEST_SIDE}."));
    }
    (width.max(height) > LOGO_LONGEST_SIDE)
        .then(|| format!("{said}; the longest side can have at most {LOGO_LONGEST_SIDE}."))
}

pub(super) fn utf16_length(text: &str) -> usize {
    text.encode_utf16().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_exactly_upstreams_characters() {
        let pattern = regex::Regex::new(r"^[\p{L}\p{M}0-9\\(\)-_\+\s\.`]+$").unwrap();
        // The tables compared here are of different versions of Unicode.
        let unassigned = regex::Regex::new(r"^\p{Cn}$").unwrap();
        let mut text = [0; 4];
        for character in '\u{0}'..=char::MAX {
            let text = character.encode_utf8(&mut text);
            if !unassigned.is_match(text) {
                assert_eq!(is_name_character(character), pattern.is_match(text), "U+{:04X}", u32::from(character));
            }
        }
    }

    #[test]
    fn the_wrong_characters_of_a_name_are_named() {
        for name in ["Café Ålesund (Sentrum) - 2.", "A`b", "<Kiosk>", "Kaffe\u{301}", "Ψ 日本 ک"] {
            assert!(sales_unit_name(name).is_ok(), "{name}");
        }
        let cases = [
            ("Fish & Chips", "& is not allowed in the name of a sales unit."),
            ("\"Ola's\"", "\", ' and \" are not allowed in the name of a sales unit."),
            ("Bar – Grill", "– (U+2013) is not allowed in the name of a sales unit."),
            ("Bar №1", "№ (U+2116) is not allowed in the name of a sales unit."),
        ];
        for (name, fault) in cases {
            assert_eq!(sales_unit_name(name), Err(fault.to_owned()));
        }
    }

    #[test]
    fn web_addresses_are_written_in_one_way() {
        let cases = [
            ("https://example.com", "https://example.com"),
            ("HTTPS://Example.COM/Terms", "https://example.com/Terms"),
            ("https://shop.example.com:8443/a?b#c", "https://shop.example.com:8443/a?b#c"),
            ("https://example.com?a=1", "https://example.com/?a=1"),
            ("https://blåbær.no/vilkår", "https://blåbær.no/vilkår"),
        ];
        for (typed, address) in cases {
            assert_eq!(web_address(typed).as_deref(), Ok(address));
        }
        let wrong = [
            "example.com",
            "http://example.com",
            "https://",
            "https://localhost",
            "https://example",
            "https://127.0.0.1",
            "https://ex ample.com",
            "https://me@example.com",
            "https://example.com:0",
            "https://example.com:x",
            "https://-example.com",
            "https://example..com",
            "https://example.c",
            "https://example.com/<a>",
            "javascript://example.com",
        ];
        for typed in wrong {
            assert!(web_address(typed).is_err(), "{typed}");
        }
        assert_eq!(host("https://shop.example.com:8443/a"), "shop.example.com");
    }

    #[test]
    fn a_turnover_is_whole_units() {
        assert_eq!(turnover("1 000\u{a0}000"), Ok(1_000_000));
        assert_eq!(turnover("999999999"), Ok(999_999_999));
        for wrong in ["1000000000", "99999999999999999999999", "1.5", "-1", "12,00", "x", "١"] {
            assert!(turnover(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_size_of_a_picture_stands_in_its_header() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x01\0\0\0\x02\0\x08\x06";
        assert_eq!(logo_size(png), Some((256, 512)));
        assert_eq!(logo_size(&png[..23]), None);
        assert_eq!(logo_size(b"\xff\xd8\xff\xe0"), None);
        assert_eq!(logo_size_fault(100, 1000), None);
        assert!(logo_size_fault(99, 1000).unwrap().contains("99 by 1000"));
        assert!(logo_size_fault(100, 1001).unwrap().contains("at most 1000"));
    }
}
