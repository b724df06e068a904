//! A report as a sequence of blocks, written as one HTML file without outside parts and as Markdown.

mod html;
mod markdown;
pub(crate) mod verdicts;

use std::path::Path;

use crate::{Error, files};

/// A report.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// The title.
    pub title: String,
    /// One line under it.
    pub subtitle: String,
    /// The rest.
    pub blocks: Vec<Block>,
}

/// A part of a report. Texts are plain, except that `` `…` `` is code.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// A section begins.
    Heading(String),
    /// Text.
    Paragraph(String),
    /// A line that a reader must not miss.
    Notice(Tone, String),
    /// A list.
    List(Vec<String>),
    /// An equation or formula, on lines of its own.
    Formula(String),
    /// Commands or other text to copy.
    Code(String),
    /// Other pages: text, and where they lie.
    Links(Vec<(String, String)>),
    /// A table.
    Table(Table),
    /// A figure: its file name under `figures/`, without `.svg`, the SVG text, the caption.
    Figure {
        /// File name without folder and ending.
        name: String,
        /// The picture.
        svg: String,
        /// What it shows.
        caption: String,
    },
    /// Blocks behind a line that opens them.
    Details(String, Vec<Block>),
}

impl Block {
    /// A section begins.
    pub(crate) fn heading(text: impl Into<String>) -> Self {
        Block::Heading(text.into())
    }

    /// A figure by its file name, without `.svg`.
    pub(crate) fn figure(name: impl Into<String>, svg: String, caption: impl Into<String>) -> Self {
        Block::Figure { name: name.into(), svg, caption: caption.into() }
    }
}

/// How a notice or a cell is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    /// Not at all.
    #[default]
    Plain,
    /// Agreement.
    Good,
    /// Disagreement.
    Bad,
    /// Neither: not run, not comparable.
    Quiet,
    /// Careful.
    Warning,
}

/// A table with a caption and a header of one or two rows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// What it shows, and in which unit.
    pub caption: String,
    /// Headings over several columns: text and number of columns. Empty for none.
    pub groups: Vec<(String, usize)>,
    /// The headings of the columns.
    pub header: Vec<String>,
    /// The rows.
    pub rows: Vec<Vec<Cell>>,
}

/// A cell of a table.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Cell {
    /// Its text.
    pub text: String,
    /// Its colour.
    pub tone: Tone,
    /// Whether it is a number: set to the right.
    pub number: bool,
}

impl Cell {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Cell { text: text.into(), ..Cell::default() }
    }

    /// A number that was written already: set to the right.
    pub(crate) fn digits(text: impl Into<String>) -> Self {
        Cell { text: text.into(), tone: Tone::Plain, number: true }
    }

    /// A number in the notation of the tables; a dash for one that is not finite.
    pub(crate) fn finite(value: f64) -> Self {
        Cell::number(Some(value).filter(|v| v.is_finite()))
    }

    /// A time in the notation of the tables; a dash for 0, which says that nothing was timed.
    pub(crate) fn time(value: f64) -> Self {
        Cell::number(Some(value).filter(|v| v.is_finite() && *v > 0.0))
    }

    /// A number in the notation of the tables, or a dash.
    pub fn number(value: Option<f64>) -> Self {
        Cell::digits(value.map_or("–".into(), scientific))
    }

    /// With a colour.
    #[must_use]
    pub fn toned(mut self, tone: Tone) -> Self {
        self.tone = tone;
        self
    }
}

/// The headings of the columns of a table.
pub(crate) fn header<const N: usize>(names: [&str; N]) -> Vec<String> {
    names.map(str::to_owned).to_vec()
}

/// How a run is repeated, resumed, and done at the publication's scale.
pub(crate) struct Again<'a> {
    /// What a run trains, in the plural.
    pub(crate) what: &'a str,
    /// What else is worth to know of the third command; may be empty.
    pub(crate) more: &'a str,
    pub(crate) command: &'a str,
    pub(crate) resume: &'a str,
    pub(crate) experiment: &'a str,
}

impl Again<'_> {
    /// The section of a report.
    pub(crate) fn blocks(&self) -> [Block; 3] {
        [
            Block::heading("Run it again"),
            Block::Paragraph(format!(
                "The first command repeats this run: on the same machine with the same commit it gives the same {}, \
                 bit for bit. The second one goes on with a run that was stopped. The third one is the paper's own \
                 scale{}.",
                self.what, self.more
            )),
            Block::Code(format!(
                "{}\n{}\ncargo xtask reproduce {} --tier paper",
                self.command, self.resume, self.experiment
            )),
        ]
    }
}

/// The name by which a link leads to a heading, the same in HTML and where Markdown is shown: `Where ours differ` has
/// `where-ours-differ`.
pub(crate) fn anchor(heading: &str) -> String {
    let known = heading
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
        .collect::<String>();
    known.replace(' ', "-")
}

/// Three significant digits, as the publications print them: `1.08e-4`; plain between 0.01 and 1000.
pub(crate) fn scientific(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return format!("{value}");
    }
    let magnitude = value.abs();
    if (0.01..1000.0).contains(&magnitude) {
        let digits = (2 - magnitude.log10().floor() as i32).clamp(0, 4) as usize;
        return format!("{value:.digits$}");
    }
    format!("{value:.2e}")
}

impl Document {
    /// Writes `report.html`, `report.md` and `figures/*.svg` into a folder.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn write(&self, folder: &Path) -> Result<(), Error> {
        write_figures(&self.blocks, folder)?;
        files::write(&folder.join("report.md"), self.to_markdown())?;
        files::write(&folder.join("report.html"), self.to_html())
    }

    /// The report as one HTML page that needs nothing else.
    pub fn to_html(&self) -> String {
        html::page(self)
    }

    /// The report as Markdown; figures are referred to as `figures/*.svg`.
    pub fn to_markdown(&self) -> String {
        markdown::text(self)
    }
}

/// Writes the figures among some blocks into `figures/` of a folder.
///
/// # Errors
/// [`Error::Io`] if a file cannot be written.
pub(crate) fn write_figures(blocks: &[Block], folder: &Path) -> Result<(), Error> {
    let mut figures = Vec::new();
    collect_figures(blocks, &mut figures);
    for (name, svg) in figures {
        files::write(&folder.join("figures").join(format!("{name}.svg")), svg)?;
    }
    Ok(())
}

fn collect_figures<'a>(blocks: &'a [Block], out: &mut Vec<(&'a str, &'a str)>) {
    for block in blocks {
        match block {
            Block::Figure { name, svg, .. } => out.push((name, svg)),
            Block::Details(_, inner) => collect_figures(inner, out),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_look_like_those_of_the_paper() {
        assert_eq!(scientific(1.08e-4), "1.08e-4");
        assert_eq!(scientific(-0.0149), "-0.0149");
        assert_eq!(scientific(0.74), "0.740");
        assert_eq!(scientific(7.42), "7.42");
        assert_eq!(scientific(123.4), "123");
        assert_eq!(scientific(2e6), "2.00e6");
        assert_eq!(scientific(0.0), "0");
    }

    #[test]
    fn headings_have_names_that_links_lead_to() {
        assert_eq!(anchor("What was not run, and why"), "what-was-not-run-and-why");
        let blocks = vec![Block::heading("Where `ours` differ")];
        let page = Document { title: "T".into(), subtitle: String::new(), blocks }.to_html();
        assert!(page.contains("<h2 id=\"where-ours-differ\">"), "{page}");
    }

    #[test]
    fn both_forms_hold_every_block_and_escape_their_text() {
        let table = Table {
            caption: "Errors".into(),
            groups: vec![(String::new(), 1), ("PINN".into(), 1)],
            header: vec!["layers".into(), "a|b".into()],
            rows: vec![vec![Cell::text("x<y"), Cell::number(Some(1.5e-4)).toned(Tone::Good)]],
        };
        let blocks = vec![
            Block::Heading("Question".into()),
            Block::Paragraph("Is `a<b` & so on?".into()),
            Block::Notice(Tone::Warning, "Not comparable".into()),
            Block::List(vec!["one".into(), "two".into()]),
            Block::Formula("E = |ΔU| + |ΔW|".into()),
            Block::Code("cargo xtask reproduce".into()),
            Block::Table(table),
            Block::Details(
                "More".into(),
                vec![Block::Figure { name: "f".into(), svg: "<svg></svg>".into(), caption: "Fig".into() }],
            ),
        ];
        let document = Document { title: "T".into(), subtitle: "s".into(), blocks };
        let html = document.to_html();
        for part in ["<h2", "<code>a&lt;b</code> &amp; so", "Not comparable", "<li>two", "|ΔW|", "x&lt;y"] {
            assert!(html.contains(part), "{part} is missing");
        }
        assert!(html.contains("<svg></svg>") && html.contains("1.50e-4"));
        // Nothing is loaded from elsewhere.
        assert!(!html.contains("src=") && !html.contains("<link") && !html.contains("@import"));
        let markdown = document.to_markdown();
        for part in
            ["# T", "## Question", "`a<b` & so", "- two", "| x<y | 1.50e-4 |", "figures/f.svg", "a\\|b"]
        {
            assert!(markdown.contains(part), "{part} is missing from\n{markdown}");
        }

        let folder = tempfile::tempdir().unwrap();
        document.write(folder.path()).unwrap();
        assert_eq!(std::fs::read_to_string(folder.path().join("figures/f.svg")).unwrap(), "<svg></svg>");
    }
}
