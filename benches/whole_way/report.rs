//! What was measured, as a table and as a picture.

use std::fmt::Write;

/// Every figure of every run, by name, in the order of the first run.
#[derive(Default)]
pub struct Figures {
    named: Vec<(String, Vec<f64>)>,
}

impl Figures {
    pub fn note(&mut self, name: &str, value: f64) {
        match self.named.iter_mut().find(|(known, _)| known == name) {
            Some((_, values)) => values.push(value),
            None => self.named.push((name.to_owned(), vec![value])),
        }
    }

    /// A Markdown table of medians, least and most.
    pub fn table(&self, users: u64) -> String {
        let mut table =
            format!("| {users} users | median | least | most |\n| --- | --- | --- | --- |\n");
        for (name, values) in &self.named {
            let (least, median, most) = spread(values);
            let digits = digits_of(median);
            writeln!(table, "| {name} | {median:.digits$} | {least:.digits$} | {most:.digits$} |")
                .expect("a String takes every character");
        }
        table
    }

    /// Rates as bars, on light and on dark ground.
    pub fn svg(&self) -> String {
        let is_rate = |name: &str| name.ends_with(", users/s");
        let rates: Vec<_> = self
            .named
            .iter()
            .filter(|(name, _)| is_rate(name))
            .map(|(name, values)| (name.trim_end_matches(", users/s"), spread(values)))
            .collect();
        let top = rates.iter().map(|(_, (_, _, most))| *most).fold(1.0, f64::max);
        let height = rates.len() * 26 + 40;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 640 {height}\" \
             font-family=\"sans-serif\" font-size=\"13\">\n\
             <title>Users a second</title>\n<rect width=\"640\" height=\"{height}\" fill=\"#fff\"/>\n\
             <text x=\"8\" y=\"20\" font-weight=\"bold\" fill=\"#222\">Users a second (median; the line spans least to most)</text>\n"
        );
        for (at, (name, (least, median, most))) in rates.iter().enumerate() {
            let y = 34 + at * 26;
            let x = |rate: f64| 120.0 + rate / top * 420.0;
            let (least, most, width) = (x(*least), x(*most), x(*median) - 120.0);
            let (text, middle) = (y + 14, y + 9);
            write!(
                svg,
                "<text x=\"112\" y=\"{text}\" text-anchor=\"end\" fill=\"#222\">{name}</text>\n\
                 <rect x=\"120\" y=\"{y}\" width=\"{width:.0}\" height=\"18\" fill=\"#4878a8\"/>\n\
                 <path d=\"M{least:.0} {middle}H{most:.0}\" stroke=\"#222\"/>\n\
                 <text x=\"{label:.0}\" y=\"{text}\" fill=\"#222\">{median:.0}</text>\n",
                label = most + 6.0,
            )
            .expect("a String takes every character");
        }
        svg + "</svg>\n"
    }
}

/// Least, median, most.
fn spread(values: &[f64]) -> (f64, f64, f64) {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    (values[0], values[values.len() / 2], values[values.len() - 1])
}

fn digits_of(value: f64) -> usize {
    match value {
        ..10.0 => 2,
        10.0..100.0 => 1,
        _ => 0,
    }
}
