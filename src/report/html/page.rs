//! The page: its head, its style, and its sections.

use super::markup::{Html, warning};
use crate::system::program::program;

/// What every report says that it was made by.
const GENERATOR: &str = "amorph report";

const STYLE: &str = include_str!("style.css");

/// A section of a report.
pub struct Section {
    /// The end of its address.
    pub id: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// What it says.
    pub body: Html,
}

impl Section {
    /// A section; where it could not be made, its error.
    pub fn new<E: std::fmt::Display>(
        id: &'static str,
        title: &'static str,
        body: Result<Html, E>,
    ) -> Section {
        let body = body.unwrap_or_else(|error| {
            warning(format!("This part of the report could not be made: {error}"))
        });
        Section { id, title, body }
    }

    fn html(&self) -> Html {
        let content = Html::of_text("h2", self.title).and(self.body.clone());
        Html::with("section", &[("id", self.id)], content)
    }
}

/// What a report is about, with its sections.
pub struct Page {
    /// The title.
    pub title: String,
    /// In one line, below the title.
    pub subtitle: String,
    /// What the reader must know first.
    pub warnings: Vec<String>,
    pub sections: Vec<Section>,
}

impl Page {
    /// The whole page.
    pub fn html(&self) -> String {
        let entry = |section: &Section| {
            let link = Html::with(
                "a",
                &[("href", &format!("#{}", section.id))],
                Html::text(section.title),
            );
            Html::element("li", link)
        };
        let contents = Html::element("ul", self.sections.iter().map(entry).collect());
        let header = Html::of_text("h1", &self.title)
            .and(Html::with("p", &[("class", "subtitle")], Html::text(&self.subtitle)))
            .and(self.warnings.iter().map(warning).collect());
        let body = Html::element("header", header)
            .and(Html::with("nav", &[("aria-label", "contents")], contents))
            .and(Html::element("main", self.sections.iter().map(Section::html).collect()));
        // The style is ours, and has nothing to escape.
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
             <meta name=\"generator\" content=\"{GENERATOR} {}\"/>\n{}\n<style>\n{STYLE}</style>\n\
             </head>\n{}\n</html>\n",
            Html::text(program()).as_str(),
            Html::of_text("title", &self.title).as_str(),
            Html::element("body", body).as_str(),
        )
    }
}
