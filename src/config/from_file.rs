//! A secret setting that stands in the environment or in a file.
//!
//! Container platforms hand secrets over as files: an environment is shown by `inspect`, is
//! inherited by children and ends up in crash reports.

use std::path::Path;

use super::ConfigError;

/// The setting's text from whichever of the two places holds it; none where neither does.
pub(super) fn text_or_file(
    setting: &'static str,
    text: Option<&str>,
    file: Option<&Path>,
) -> Result<Option<String>, ConfigError> {
    match (text, file) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(ConfigError::Both(setting)),
        (Some(text), None) => Ok(Some(text.to_owned())),
        (None, Some(path)) => match std::fs::read_to_string(path) {
            // Editors and `echo` end a file with a line break, which belongs to no secret.
            Ok(text) => Ok(Some(text.trim().to_owned())),
            Err(error) => Err(ConfigError::File {
                setting,
                path: path.display().to_string(),
                kind: error.kind(),
            }),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_comes_from_the_environment_or_from_a_file_and_never_from_both() {
        let file = std::env::temp_dir().join(format!("user-import-setting-{}", std::process::id()));
        std::fs::write(&file, "amqp://u:p@h\n").unwrap();
        let read = |text, file| text_or_file("AMQP_URL", text, file);
        assert_eq!(read(None, None).unwrap(), None);
        assert_eq!(read(Some("amqp://h"), None).unwrap().as_deref(), Some("amqp://h"));
        assert_eq!(read(None, Some(&file)).unwrap().as_deref(), Some("amqp://u:p@h"));
        let both = read(Some("amqp://h"), Some(&file)).unwrap_err().to_string();
        assert_eq!(both, "AMQP_URL and AMQP_URL_FILE are both set; give one of them");
        std::fs::remove_file(&file).unwrap();
        let gone = read(None, Some(&file)).unwrap_err().to_string();
        assert!(gone.starts_with("AMQP_URL_FILE ") && gone.contains("cannot be read"), "{gone}");
    }
}
