//! Columns that line up.

use std::fmt::Write;

#[derive(Clone, Copy)]
pub(super) enum Align {
    Left,
    Right,
}

/// A table of text: a head, rows, two blanks between columns.
pub(super) struct Table {
    columns: Vec<(String, Align)>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new<const N: usize>(columns: [(&str, Align); N]) -> Self {
        let columns = columns.map(|(head, align)| (head.to_owned(), align)).into();
        Self { columns, rows: Vec::new() }
    }

    pub(super) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.into());
    }

    pub(super) fn render(&self, out: &mut String) {
        let head: Vec<String> = self.columns.iter().map(|(head, _)| head.clone()).collect();
        let width = |column: usize| {
            let cells = self.rows.iter().map(|row| row[column].chars().count());
            cells.chain([head[column].chars().count()]).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..head.len()).map(width).collect();
        // A table of which no column has a name has no head.
        let head = (!head.iter().all(String::is_empty)).then_some(&head);
        for row in head.into_iter().chain(&self.rows) {
            let mut line = String::new();
            for ((cell, &width), (_, align)) in row.iter().zip(&widths).zip(&self.columns) {
                let gap = if line.is_empty() { "" } else { "  " };
                // Writing to a string cannot fail.
                let _ = match align {
                    Align::Left => write!(line, "{gap}{cell:<width$}"),
                    Align::Right => write!(line, "{gap}{cell:>width$}"),
                };
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let mut table = Table::new([("name", Align::Left), ("time", Align::Right), ("", Align::Left)]);
        table.row(["a".into(), "1.20 µs".into(), "ok".into()]);
        table.row(["longer".into(), "7 ns".into(), String::new()]);
        let mut text = String::new();
        table.render(&mut text);
        assert_eq!(text, "name       time\na       1.20 µs  ok\nlonger     7 ns\n");
    }

    #[test]
    fn a_table_without_names_has_no_head() {
        let mut table = Table::new([("", Align::Left), ("", Align::Right)]);
        table.row(["a".into(), "1".into()]);
        let mut text = String::new();
        table.render(&mut text);
        assert_eq!(text, "a  1\n");
    }
}
