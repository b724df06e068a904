//! The report as one HTML page.

use super::{Block, Cell, Document, Table, Tone, anchor};

const STYLE: &str = include_str!("style.css");

/// From how many characters on code may break in a table.
const LONG: usize = 36;

pub(super) fn page(document: &Document) -> String {
    let mut out = String::from("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    out.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    out.push_str(&format!(
        "<title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n",
        escape(&document.title)
    ));
    out.push_str(&format!(
        "<header><h1>{}</h1><p>{}</p></header>\n",
        inline(&document.title),
        inline(&document.subtitle)
    ));
    blocks(&document.blocks, &mut out);
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

fn blocks(list: &[Block], out: &mut String) {
    for block in list {
        match block {
            Block::Heading(text) => {
                out.push_str(&format!("<h2 id=\"{}\">{}</h2>\n", anchor(text), inline(text)));
            }
            Block::Paragraph(text) => out.push_str(&format!("<p>{}</p>\n", inline(text))),
            Block::Notice(tone, text) => {
                out.push_str(&format!("<p class=\"notice {}\">{}</p>\n", class(*tone), inline(text)));
            }
            Block::List(items) => {
                out.push_str("<ul>\n");
                for item in items {
                    out.push_str(&format!("<li>{}</li>\n", inline(item)));
                }
                out.push_str("</ul>\n");
            }
            Block::Links(pages) => {
                out.push_str("<ul>\n");
                for (text, href) in pages {
                    out.push_str(&format!("<li><a href=\"{}\">{}</a></li>\n", escape(href), inline(text)));
                }
                out.push_str("</ul>\n");
            }
            Block::Formula(text) => out.push_str(&format!("<p class=\"formula\">{}</p>\n", escape(text))),
            Block::Code(text) => out.push_str(&format!("<pre><code>{}</code></pre>\n", escape(text))),
            Block::Table(value) => table(value, out),
            Block::Figure { svg, caption, .. } => {
                // A picture inside a page carries no XML declaration.
                let svg = svg.find("<svg").map_or("", |at| &svg[at..]);
                out.push_str(&format!(
                    "<figure>\n<div class=\"scroll\">{svg}</div>\n<figcaption>{}</figcaption>\n</figure>\n",
                    inline(caption)
                ));
            }
            Block::Details(title, inner) => {
                out.push_str(&format!("<details>\n<summary>{}</summary>\n", inline(title)));
                blocks(inner, out);
                out.push_str("</details>\n");
            }
        }
    }
}

fn table(table: &Table, out: &mut String) {
    out.push_str("<div class=\"scroll\"><table>\n");
    out.push_str(&format!("<caption>{}</caption>\n<thead>\n", inline(&table.caption)));
    if !table.groups.is_empty() {
        out.push_str("<tr>");
        for (text, span) in &table.groups {
            let class = if text.is_empty() { "" } else { " class=\"group\"" };
            out.push_str(&format!("<th colspan=\"{span}\"{class}>{}</th>", inline(text)));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("<tr>");
    for (i, text) in table.header.iter().enumerate() {
        // A column of numbers has its heading on the right too.
        let number = table.rows.first().and_then(|row| row.get(i)).is_some_and(|cell| cell.number);
        out.push_str(&format!("<th{}>{}</th>", if number { " class=\"number\"" } else { "" }, inline(text)));
    }
    out.push_str("</tr>\n</thead>\n<tbody>\n");
    for row in &table.rows {
        out.push_str("<tr>");
        for cell in row {
            out.push_str(&td(cell));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table></div>\n");
}

fn td(cell: &Cell) -> String {
    let classes: Vec<&str> = [if cell.number { "number" } else { "" }, class(cell.tone)]
        .into_iter()
        .filter(|c| !c.is_empty())
        .collect();
    if classes.is_empty() {
        return format!("<td>{}</td>", inline(&cell.text));
    }
    format!("<td class=\"{}\">{}</td>", classes.join(" "), inline(&cell.text))
}

fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "",
        Tone::Good => "good",
        Tone::Bad => "bad",
        Tone::Quiet => "quiet",
        Tone::Warning => "warning",
    }
}

/// Escapes, and turns `` `…` `` into code.
fn inline(text: &str) -> String {
    let mut out = String::new();
    for (i, part) in escape(text).split('`').enumerate() {
        if i % 2 == 1 {
            // In a table code does not break, unless it would push the last column off the page: then a name
            // breaks between its parts.
            if part.chars().count() <= LONG {
                out.push_str(&format!("<code>{part}</code>"));
            } else if part.contains(' ') || !part.contains(['/', ',']) {
                out.push_str(&format!("<code class=\"long\">{part}</code>"));
            } else {
                let parts = part.replace('/', "/<wbr>").replace(',', ",<wbr>");
                out.push_str(&format!("<code class=\"name\">{parts}</code>"));
            }
        } else {
            out.push_str(part);
        }
    }
    out
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::inline;

    #[test]
    fn long_names_break_between_their_parts_and_other_code_anywhere() {
        assert_eq!(inline("is `a<b`"), "is <code>a&lt;b</code>");
        assert_eq!(
            inline("`W-A/scarce/PINN/SiLU16,SiLU32,Tanh8/mean_error`"),
            "<code class=\"name\">W-A/<wbr>scarce/<wbr>PINN/<wbr>SiLU16,<wbr>SiLU32,<wbr>Tanh8/<wbr>mean_error</code>"
        );
        for text in
            ["0123456789abcdef".repeat(4), "cargo xtask reproduce W-A --tier paper --seed 1".to_owned()]
        {
            assert_eq!(inline(&format!("`{text}`")), format!("<code class=\"long\">{text}</code>"));
        }
    }
}
