//! One generated user: realistic, and unique by its email, its phone number and its username.

use super::places::{PLACES, Place};
use super::random::Random;

/// The password of every thousandth user, the first among them.
pub const KNOWN_PASSWORD: &str = "correct horse battery staple";

/// A true bcrypt hash of [`KNOWN_PASSWORD`], for trying `verify-password`.
const KNOWN_HASH: &str = "$2a$10$N9qo8uLOickgx2ZMRZoMyehtJ/whDdsI.d1w/JqKiOrDw8pCT0JLG";

const KNOWN_EVERY: u64 = 1000;

/// bcrypt's own order of base 64.
const BCRYPT: &[u8; 64] = b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Users of a seed that get a phone number, and seeds whose numbers differ: nine free digits are
/// shared out among 8 places, 800 seeds and 1,250,000 users.
const PHONES: u64 = 10_000_000;
const PHONES_IN_PLACE: u64 = PHONES / PLACES.len() as u64;
const SEEDS: u64 = 1_000_000_000 / PHONES_IN_PLACE;

/// Has no factor in common with 1,250,000, so that it only changes the order of the numbers.
const STRIDE: u64 = 756_839;

pub struct User {
    pub place: &'static Place,
    pub email: String,
    pub email_verified: bool,
    pub phone_number: Option<String>,
    pub phone_number_verified: bool,
    pub preferred_username: Option<String>,
    pub disabled: bool,
    pub given_name: &'static str,
    pub family_name: &'static str,
    pub name: String,
    pub nickname: Option<&'static str>,
    pub gender: Option<&'static str>,
    pub birthdate: String,
    pub website: Option<String>,
    pub street_address: String,
    pub locality: &'static str,
    pub region: &'static str,
    pub postal_code: String,
    pub member_id: String,
    pub plan: &'static str,
    pub newsletter: bool,
    pub roles: &'static [&'static str],
    pub groups: &'static [&'static str],
    pub password_hash: String,
    pub totp_secret: Option<String>,
}

impl User {
    /// User `index` of `seed`: the same on every machine, whatever was made before.
    pub fn new(seed: u64, index: u64) -> Self {
        let mut random = Random::of(seed, index);
        let random = &mut random;
        let place = &PLACES[(index % PLACES.len() as u64) as usize];
        let (given_name, given) = *random.pick(place.given);
        let (family_name, family) = *random.pick(place.family);
        let (locality, region, postal) = *random.pick(place.cities);
        let handle = format!("{given}.{family}.{index}");
        Self {
            place,
            email: format!("{handle}@s{seed}.example.com"),
            email_verified: !random.one_in(10),
            phone_number: phone_number(place, seed, index),
            phone_number_verified: random.one_in(2),
            preferred_username: random.one_in(3).then(|| username(given, seed, index)),
            disabled: random.one_in(200),
            given_name,
            family_name,
            name: full_name(place, given_name, family_name),
            nickname: random.one_in(5).then_some(given_name),
            gender: [
                None,
                Some("female"),
                Some("male"),
                Some("female"),
                Some("male"),
                Some("non-binary"),
            ][random.below(6) as usize],
            birthdate: birthdate(random),
            website: random.one_in(20).then(|| format!("https://{given}-{family}.example.org/")),
            street_address: format!("{} {}", random.pick(place.streets), 1 + random.below(240)),
            locality,
            region,
            postal_code: format!("{postal}{:03}", random.below(1000)),
            member_id: format!("M-{seed}-{index:08}"),
            plan: *random.pick::<&str>(&["free", "free", "free", "plus", "business"]),
            newsletter: random.one_in(3),
            roles: roles(random),
            groups: groups(random),
            password_hash: password_hash(random, index),
            totp_secret: random.one_in(50).then(|| text(random, BASE32, 32)),
        }
    }
}

fn phone_number(place: &Place, seed: u64, index: u64) -> Option<String> {
    (index < PHONES).then(|| {
        let own = index / PLACES.len() as u64 * STRIDE % PHONES_IN_PLACE;
        format!("{}{:09}", place.phone, seed % SEEDS * PHONES_IN_PLACE + own)
    })
}

/// At most 40 characters, as a username may have; seed and index alone make it unique.
fn username(given: &str, seed: u64, index: u64) -> String {
    format!("{}_{seed:x}-{index:x}", &given[..given.len().min(6)])
}

fn full_name(place: &Place, given: &str, family: &str) -> String {
    if place.family_first { format!("{family}{given}") } else { format!("{given} {family}") }
}

/// Days to the 28th, which every month has.
fn birthdate(random: &mut Random) -> String {
    let (year, month, day) = (1940 + random.below(68), 1 + random.below(12), 1 + random.below(28));
    format!("{year}-{month:02}-{day:02}")
}

fn roles(random: &mut Random) -> &'static [&'static str] {
    match random.below(40) {
        0 => &["admin", "staff"],
        1..=3 => &["staff"],
        4..=7 => &["editor"],
        _ => &[],
    }
}

fn groups(random: &mut Random) -> &'static [&'static str] {
    match random.below(12) {
        0 => &["beta"],
        1 => &["newsletter", "beta"],
        2 => &["wholesale"],
        _ => &[],
    }
}

/// Looks real and is of no password, for a true one takes 50 ms; every thousandth is true.
fn password_hash(random: &mut Random, index: u64) -> String {
    if index.is_multiple_of(KNOWN_EVERY) {
        return KNOWN_HASH.to_owned();
    }
    let mut hash = String::with_capacity(60);
    hash.push_str("$2a$10$");
    // A salt is 16 bytes and a digest 23: four and two bits of their last characters are zero.
    hash.push_str(&text(random, BCRYPT, 21));
    hash.push(BCRYPT[random.below(4) as usize * 16] as char);
    hash.push_str(&text(random, BCRYPT, 30));
    hash.push(BCRYPT[random.below(16) as usize * 4] as char);
    hash
}

/// `length` characters of an alphabet of 32 or 64.
fn text(random: &mut Random, alphabet: &[u8], length: usize) -> String {
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let mut bits = random.next();
        for _ in 0..(length - text.len()).min(10) {
            text.push(alphabet[bits as usize % alphabet.len()] as char);
            bits >>= 6;
        }
    }
    text
}
