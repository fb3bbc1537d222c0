//! Locales: language tags in the one spelling that stands for each.

use oxilangtag::LanguageTag;

/// A BCP 47 tag in its canonical form (RFC 5646, section 4.5): the case of its subtags, the
/// order of its extensions, and no subtag that a newer one replaces.
///
/// Deprecated subtags are those whose replacement the IANA registry has had for decades; whether
/// a subtag is registered at all is not asked, for the registry grows.
pub fn is_canonical(text: &str) -> bool {
    is_plain(text) || is_canonical_tag(text)
}

/// Nearly every locale is a language of two letters and perhaps a country, and is known to be
/// canonical at sight.
fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    let (Some((language, rest)), true) = (bytes.split_at_checked(2), text.is_ascii()) else {
        return false;
    };
    let is_region = match rest {
        [] => true,
        [b'-', region @ ..] => {
            region.len() == 2
                && region.iter().all(u8::is_ascii_uppercase)
                && DEPRECATED_REGIONS.iter().all(|deprecated| deprecated.as_bytes() != region)
        }
        _ => false,
    };
    is_region
        && language.iter().all(u8::is_ascii_lowercase)
        && DEPRECATED_LANGUAGES.iter().all(|deprecated| deprecated.as_bytes() != language)
}

fn is_canonical_tag(text: &str) -> bool {
    let Ok(tag) = LanguageTag::parse_and_normalize(text) else {
        return false;
    };
    tag.as_str() == text
        && has_language(&tag)
        && tag.region().is_none_or(|region| !DEPRECATED_REGIONS.contains(&region))
        && has_ordered_extensions(&tag)
        && has_distinct_variants(&tag)
}

const DEPRECATED_LANGUAGES: [&str; 5] = ["in", "iw", "ji", "jw", "mo"];
const DEPRECATED_REGIONS: [&str; 6] = ["BU", "DD", "FX", "TP", "YD", "ZR"];

/// Two or three letters (longer ones are reserved, and none is registered), without an extended
/// subtag, which has a language subtag of its own (`zh-yue` is `yue`); or private use alone.
fn has_language(tag: &LanguageTag<String>) -> bool {
    let language = tag.primary_language();
    let is_private = language == "x" || tag.as_str().starts_with("x-");
    let is_language = matches!(language.len(), 2 | 3) && !DEPRECATED_LANGUAGES.contains(&language);
    is_private || is_language && tag.extended_language().is_none()
}

fn has_ordered_extensions(tag: &LanguageTag<String>) -> bool {
    let singletons = tag.extension_subtags().map(|(singleton, _)| singleton);
    singletons.is_sorted_by(|one, next| one < next)
}

fn has_distinct_variants(tag: &LanguageTag<String>) -> bool {
    let variants: Vec<_> = tag.variant_subtags().collect();
    (1..variants.len()).all(|index| !variants[..index].contains(&variants[index]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_canonical_at_sight_is_canonical() {
        let letters =
            || ('a'..='z').flat_map(|one| ('a'..='z').map(move |two| format!("{one}{two}")));
        for pair in letters() {
            let region = pair.to_ascii_uppercase();
            for text in [pair.clone(), region.clone(), format!("en-{region}"), format!("{pair}-DE")]
            {
                assert_eq!(is_plain(&text), is_canonical_tag(&text), "{text}");
            }
        }
        for other in ["", "e", "en-", "en-de", "en-D", "en_DE", "en-1E", "é", "eé", "en-DEU", "yue"]
        {
            assert!(!is_plain(other), "{other}");
        }
    }

    #[test]
    fn only_canonical_tags_pass() {
        for text in [
            "en",
            "en-US",
            "zh-Hant-HK",
            "zh-Hans",
            "de-CH-1996",
            "es-419",
            "yue",
            "sr-Latn-RS",
            "ca-valencia",
            "x-private",
            "en-US-u-hc-h12",
            "de-x-kiez",
            "en-a-bbb-u-ca-buddhist",
        ] {
            assert!(is_canonical(text), "{text}");
        }
        for text in [
            "",
            "EN",
            "en-us",
            "en_US",
            "zh-hant",
            "ZH-Hant",
            "english",
            "e",
            "en-",
            "-en",
            "en--US",
            "iw",
            "zh-yue",
            "en-GB-oed",
            "sgn-BE-FR",
            "art-lojban",
            "cel-gaulish",
            "zh-min-nan",
            "zh-hakka",
            "no-bok",
            "i-klingon",
            "de-DD",
            "de-1996-1996",
            "en-u-ca-buddhist-a-bbb",
            "en-US-",
            "en-US.UTF-8",
            "C",
            "ｅｎ",
            "123",
        ] {
            assert!(!is_canonical(text), "{text}");
        }
    }
}
