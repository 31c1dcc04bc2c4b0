//! Lines of bounded length.

use std::io::{self, BufRead, ErrorKind};

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// White space only.
    Blank,
    /// So many bytes, more than allowed. They were read past and not kept.
    TooLong(u64),
    /// Without its line end.
    Bytes(&'a [u8]),
}

pub(super) struct Lines<R> {
    reader: R,
    max: usize,
    line: Vec<u8>,
    first: bool,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(reader: R, max: usize) -> Self {
        Self { reader, max, line: Vec::new(), first: true }
    }

    pub(super) fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        let Some(length) = self.take_line()? else { return Ok(None) };
        let mut line = self.line.as_slice();
        let mut length = length;
        // What was cut off cannot end in a carriage return that matters: the line is too long by more than that.
        if length == line.len() as u64 && line.last() == Some(&b'\r') {
            line = &line[..line.len() - 1];
            length -= 1;
        }
        if std::mem::take(&mut self.first) {
            line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
        }
        Ok(Some(if length > self.max as u64 {
            Line::TooLong(length)
        } else if line.iter().all(u8::is_ascii_whitespace) {
            Line::Blank
        } else {
            Line::Bytes(line)
        }))
    }

    /// Reads one line and keeps at most one byte more than allowed of it; how long it is, or `None` at the end.
    fn take_line(&mut self) -> io::Result<Option<u64>> {
        self.line.clear();
        let mut length = 0;
        let mut any = false;
        loop {
            let chunk = match self.reader.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if chunk.is_empty() {
                return Ok(any.then_some(length));
            }
            any = true;
            let end = chunk.iter().position(|&byte| byte == b'\n');
            let part = &chunk[..end.unwrap_or(chunk.len())];
            let room = (self.max + 1).saturating_sub(self.line.len());
            self.line.extend_from_slice(&part[..part.len().min(room)]);
            length += part.len() as u64;
            let used = part.len() + usize::from(end.is_some());
            self.reader.consume(used);
            if end.is_some() {
                return Ok(Some(length));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    fn lines(text: &[u8], max: usize) -> Vec<String> {
        // A tiny buffer: lines arrive in pieces.
        let mut lines = Lines::new(BufReader::with_capacity(3, text), max);
        let mut all = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            all.push(match line {
                Line::Blank => "blank".to_owned(),
                Line::TooLong(n) => format!("too long: {n}"),
                Line::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            });
        }
        all
    }

    #[test]
    fn lines_are_cut_at_their_ends() {
        assert_eq!(lines(b"abc\ndefgh\r\n\n \t\r\nlast", 100), ["abc", "defgh", "blank", "blank", "last"]);
        assert!(lines(b"", 100).is_empty());
        assert_eq!(lines(b"\n", 100), ["blank"]);
        assert_eq!(lines(b"\xEF\xBB\xBFabc\n", 100), ["abc"]);
    }

    #[test]
    fn the_longest_line_is_exact() {
        assert_eq!(
            lines(b"12345\n12345\r\n123456\n1234567\r\n1\n", 5),
            ["12345", "12345", "too long: 6", "too long: 8", "1"]
        );
        assert_eq!(lines(b"123456", 5), ["too long: 6"]);
    }

    #[test]
    fn a_long_line_is_not_kept() {
        let text = vec![b'x'; 1 << 20];
        let mut lines = Lines::new(BufReader::new(text.as_slice()), 10);
        assert_eq!(lines.next().unwrap(), Some(Line::TooLong(1 << 20)));
        assert!(lines.line.capacity() < 100);
    }
}
