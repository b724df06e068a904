//! The report as Markdown.

use super::{Block, Document, Table};

pub(super) fn text(document: &Document) -> String {
    let mut out = format!("# {}\n\n{}\n", document.title, document.subtitle);
    blocks(&document.blocks, &mut out);
    out
}

fn blocks(list: &[Block], out: &mut String) {
    for block in list {
        out.push('\n');
        match block {
            Block::Heading(text) => out.push_str(&format!("## {text}\n")),
            Block::Paragraph(text) => out.push_str(&format!("{text}\n")),
            Block::Notice(_, text) => out.push_str(&format!("> **{text}**\n")),
            Block::List(items) => items.iter().for_each(|item| out.push_str(&format!("- {item}\n"))),
            Block::Links(pages) => {
                pages.iter().for_each(|(text, href)| out.push_str(&format!("- [{text}]({href})\n")));
            }
            Block::Formula(text) | Block::Code(text) => out.push_str(&format!("```text\n{text}\n```\n")),
            Block::Table(value) => table(value, out),
            Block::Figure { name, caption, .. } => {
                out.push_str(&format!(
                    "![{}](figures/{name}.svg)\n\n{caption}\n",
                    caption.replace(['[', ']'], "")
                ));
            }
            Block::Details(title, inner) => {
                out.push_str(&format!("### {title}\n"));
                blocks(inner, out);
            }
        }
    }
}

fn table(table: &Table, out: &mut String) {
    // Markdown has one header row: the group's name goes in front of the column's.
    let groups = table.groups.iter().flat_map(|(text, span)| std::iter::repeat_n(text.as_str(), *span));
    let header: Vec<String> = table
        .header
        .iter()
        .zip(groups.chain(std::iter::repeat("")))
        .map(|(text, group)| format!("{group} {text}").trim().to_owned())
        .collect();
    out.push_str(&format!("{}\n\n", table.caption));
    row(header.iter().map(String::as_str), out);
    let first = table.rows.first();
    let rule = (0..header.len()).map(|i| {
        let number = first.and_then(|r| r.get(i)).is_some_and(|c| c.number);
        if number { "---:" } else { "---" }
    });
    row(rule, out);
    for cells in &table.rows {
        row(cells.iter().map(|c| c.text.as_str()), out);
    }
}

fn row<'a>(cells: impl Iterator<Item = &'a str>, out: &mut String) {
    for cell in cells {
        out.push_str(&format!("| {} ", cell.replace('|', "\\|").replace('\n', " ")));
    }
    out.push_str("|\n");
}
