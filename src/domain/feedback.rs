//! Where the people of an organisation send their feedback.

use url::Url;

const LONGEST: usize = 500;

/// A mail address or a web page, as a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedbackAddress(String);

impl FeedbackAddress {
    /// Reads `mailto:somebody@example.com`, the mail address alone, or an `https` address.
    ///
    /// # Errors
    /// What is wrong, for the person who typed it.
    pub fn parse(typed: &str) -> Result<Self, String> {
        let typed = typed.trim();
        let fault = |text: &str| Err(text.to_owned());
        if typed.chars().count() > LONGEST {
            return Err(format!("At most {LONGEST} characters."));
        }
        let scheme = typed.split_once(':').map_or("", |(scheme, _)| scheme).to_ascii_lowercase();
        let mail = if scheme == "mailto" { typed.get(7..) } else { (!typed.contains(':')).then_some(typed) };
        if let Some(mail) = mail {
            return match is_mail_address(mail) {
                true => Ok(Self(format!("mailto:{mail}"))),
                false => fault(
                    "Write one mail address, such as feedback@example.com, or an address that begins with https://.",
                ),
            };
        }
        if scheme != "https" {
            return fault("Only mail addresses and addresses that begin with https:// are taken.");
        }
        let url = Url::parse(typed).ok().filter(|url| url.domain().is_some_and(|host| host.contains('.')));
        match url {
            Some(url) if url.username().is_empty() && url.password().is_none() => Ok(Self(url.into())),
            Some(_) => fault("Leave out user name and password: everybody here could read them."),
            None => fault("This is not the address of a web page."),
        }
    }

    pub fn href(&self) -> &str {
        &self.0
    }

    /// What the link is called: the mail address, or the page without its scheme.
    pub fn label(&self) -> &str {
        let label = self.0.strip_prefix("mailto:").or(self.0.strip_prefix("https://")).unwrap_or(&self.0);
        label.strip_suffix('/').unwrap_or(label)
    }
}

/// One plain address: nothing in it means anything in a `mailto:` link.
fn is_mail_address(text: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && !part.ends_with('.')
            && part.chars().all(|character| character.is_alphanumeric() || ".-_+".contains(character))
    };
    text.split_once('@').is_some_and(|(local, host)| plain(local) && plain(host) && host.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_addresses_and_web_pages_become_links() {
        for (typed, href, label) in [
            (" feedback@example.com ", "mailto:feedback@example.com", "feedback@example.com"),
            ("MAILTO:a.b+c@example.co.uk", "mailto:a.b+c@example.co.uk", "a.b+c@example.co.uk"),
            ("https://Example.com", "https://example.com/", "example.com"),
            ("HTTPS://example.com/a?b=c", "https://example.com/a?b=c", "example.com/a?b=c"),
        ] {
            let address = FeedbackAddress::parse(typed).unwrap();
            assert_eq!((address.href(), address.label()), (href, label));
        }
    }

    #[test]
    fn what_is_no_such_link_is_refused_in_words() {
        let long = format!("https://example.com/{}", "x".repeat(500));
        for (typed, part) in [
            ("", "one mail address"),
            ("feedback", "one mail address"),
            ("a@b", "one mail address"),
            ("mailto:a@example.com?bcc=b@example.com", "one mail address"),
            ("mailto:a@example.com,b@example.com", "one mail address"),
            ("http://example.com", "begin with https"),
            ("javascript:alert(1)", "begin with https"),
            ("data:text/html,x", "begin with https"),
            ("https://", "not the address"),
            ("https://localhost/x", "not the address"),
            ("https://me:secret@example.com/", "password"),
            (&long, "At most 500"),
        ] {
            let fault = FeedbackAddress::parse(typed).unwrap_err();
            assert!(fault.contains(part), "{typed}: {fault}");
        }
    }
}
