//! A reading of `/metrics`.

/// The samples of one reading.
#[derive(Debug)]
pub struct Metrics(Vec<(String, f64)>);

impl Metrics {
    pub fn parse(text: &str) -> Self {
        let samples = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        Self(
            samples
                .filter_map(|line| line.rsplit_once(' '))
                .map(|(name, value)| {
                    (
                        name.to_owned(),
                        value.parse().unwrap_or_else(|_| panic!("no sample: {name} {value}")),
                    )
                })
                .collect(),
        )
    }

    /// The sum of a metric's samples whose labels hold `label`; 0 where there is none.
    pub fn sum(&self, name: &str, label: &str) -> f64 {
        let fits = |sample: &str| {
            let (found, labels) = sample.split_once('{').unwrap_or((sample, ""));
            found == name && labels.contains(label)
        };
        self.0.iter().filter(|(sample, _)| fits(sample)).map(|(_, value)| value).sum()
    }

    pub fn names(&self) -> Vec<&str> {
        self.0.iter().map(|(name, _)| name.split('{').next().unwrap_or(name)).collect()
    }
}
