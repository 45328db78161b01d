//! Well-formed markup: what comes from files is text, and text is escaped.

use std::fmt::Display;

/// A piece of a page. It is made of elements and escaped text only, so it is well-formed as HTML and
/// as XML.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Html(String);

impl Html {
    /// Escaped text.
    pub fn text(text: impl Display) -> Html {
        Html(escape(&text.to_string()))
    }

    /// An element with its content.
    pub fn element(name: &str, content: Html) -> Html {
        Html::with(name, &[], content)
    }

    /// The same with attributes.
    pub fn with(name: &str, attributes: &[(&str, &str)], content: Html) -> Html {
        let attributes: String =
            attributes.iter().map(|(key, value)| format!(" {key}=\"{}\"", escape(value))).collect();
        Html(format!("<{name}{attributes}>{}</{name}>", content.0))
    }

    /// An element with nothing but text.
    pub fn of_text(name: &str, text: impl Display) -> Html {
        Html::element(name, Html::text(text))
    }

    /// A drawing, or anything else that is well-formed already.
    pub(super) fn drawn(markup: String) -> Html {
        Html(markup)
    }

    /// Followed by more.
    pub fn and(mut self, more: Html) -> Html {
        self.0.push_str(&more.0);
        self
    }

    /// Is there nothing?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The markup.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromIterator<Html> for Html {
    fn from_iter<I: IntoIterator<Item = Html>>(pieces: I) -> Html {
        pieces.into_iter().fold(Html::default(), Html::and)
    }
}

/// Text as it stands in elements and attributes. What XML does not allow at all becomes U+FFFD.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {
                escaped.push(char::REPLACEMENT_CHARACTER);
            }
            c => escaped.push(c),
        }
    }
    escaped
}

/// A paragraph.
pub fn paragraph(text: impl Display) -> Html {
    Html::of_text("p", text)
}

/// A paragraph that must be seen: what is missing or wrong.
pub fn warning(text: impl Display) -> Html {
    Html::with("p", &[("class", "warning")], Html::text(text))
}

/// Text as it is, line by line.
pub fn listing(text: impl Display) -> Html {
    Html::of_text("pre", text)
}

/// What opens on request.
pub fn folded(title: impl Display, content: Html) -> Html {
    Html::element("details", Html::of_text("summary", title).and(content))
}

/// A word for the shell of POSIX: quoted where it must be.
pub fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_attributes_are_escaped() {
        let html = Html::with("p", &[("title", "a \"b\" & c")], Html::text("x < y\u{1} '&amp;'"));
        assert_eq!(
            html.as_str(),
            "<p title=\"a &quot;b&quot; &amp; c\">x &lt; y\u{fffd} &#39;&amp;amp;&#39;</p>"
        );
    }

    #[test]
    fn words_for_the_shell_are_quoted_where_they_must_be() {
        assert_eq!(shell_word("runs/a-1.h5"), "runs/a-1.h5");
        assert_eq!(shell_word("a b's.h5"), r"'a b'\''s.h5'");
        assert_eq!(shell_word(""), "''");
    }
}
