//! A generated user as one JSON object or one CSV row, holding the same in both.
//!
//! Written by hand into one buffer: nothing that is generated needs escaping, except a comma or a
//! quote in a cell, and a derive would halve the speed.

use std::fmt::Write;

use super::user::User;

pub const CSV_HEAD: &str = "email,email_verified,phone_number,phone_number_verified,\
    preferred_username,disabled,name,given_name,family_name,nickname,gender,birthdate,zoneinfo,\
    locale,website,address.street_address,address.locality,address.region,address.postal_code,\
    address.country,custom_attributes.member_id,custom_attributes.plan,\
    custom_attributes.newsletter,roles,groups,password.type,password.password_hash,\
    mfa.totp.secret\n";

pub fn json(user: &User, out: &mut String) {
    out.push_str("{\"email\":\"");
    out.push_str(&user.email);
    out.push('"');
    member(out, "phone_number", user.phone_number.as_deref());
    member(out, "preferred_username", user.preferred_username.as_deref());
    // False says the same as absent, and is warned of on insert.
    flag(out, "email_verified", user.email_verified);
    flag(out, "phone_number_verified", phone_verified(user));
    flag(out, "disabled", user.disabled);
    member(out, "name", Some(&user.name));
    member(out, "given_name", Some(user.given_name));
    member(out, "family_name", Some(user.family_name));
    member(out, "nickname", user.nickname);
    member(out, "gender", user.gender);
    member(out, "birthdate", Some(&user.birthdate));
    member(out, "zoneinfo", Some(user.place.zoneinfo));
    member(out, "locale", Some(user.place.locale));
    member(out, "website", user.website.as_deref());
    out.push_str(",\"address\":{\"street_address\":\"");
    out.push_str(&user.street_address);
    out.push('"');
    member(out, "locality", Some(user.locality));
    member(out, "region", Some(user.region));
    member(out, "postal_code", Some(&user.postal_code));
    member(out, "country", Some(user.place.country));
    out.push_str("},\"custom_attributes\":{\"member_id\":\"");
    out.push_str(&user.member_id);
    out.push('"');
    member(out, "plan", Some(user.plan));
    out.push_str(if user.newsletter { ",\"newsletter\":true}" } else { ",\"newsletter\":false}" });
    list(out, "roles", user.roles);
    list(out, "groups", user.groups);
    out.push_str(",\"password\":{\"type\":\"bcrypt\",\"password_hash\":\"");
    out.push_str(&user.password_hash);
    out.push_str("\"}");
    if let Some(secret) = &user.totp_secret {
        out.push_str(",\"mfa\":{\"totp\":{\"secret\":\"");
        out.push_str(secret);
        out.push_str("\"}}");
    }
    out.push('}');
}

fn phone_verified(user: &User) -> bool {
    user.phone_number.is_some() && user.phone_number_verified
}

fn member(out: &mut String, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        out.push_str(",\"");
        out.push_str(name);
        out.push_str("\":\"");
        out.push_str(value);
        out.push('"');
    }
}

fn flag(out: &mut String, name: &str, value: bool) {
    if value {
        out.push_str(",\"");
        out.push_str(name);
        out.push_str("\":true");
    }
}

fn list(out: &mut String, name: &str, values: &[&str]) {
    if !values.is_empty() {
        let _ = write!(out, ",\"{name}\":[\"{}\"]", values.join("\",\""));
    }
}

pub fn csv(user: &User, out: &mut String) {
    let bare = |flag: bool| if flag { "true" } else { "" };
    let cells: [&str; 28] = [
        &user.email,
        bare(user.email_verified),
        user.phone_number.as_deref().unwrap_or_default(),
        bare(phone_verified(user)),
        user.preferred_username.as_deref().unwrap_or_default(),
        bare(user.disabled),
        &user.name,
        user.given_name,
        user.family_name,
        user.nickname.unwrap_or_default(),
        user.gender.unwrap_or_default(),
        &user.birthdate,
        user.place.zoneinfo,
        user.place.locale,
        user.website.as_deref().unwrap_or_default(),
        &user.street_address,
        user.locality,
        user.region,
        &user.postal_code,
        user.place.country,
        &user.member_id,
        user.plan,
        if user.newsletter { "true" } else { "false" },
        &user.roles.join(";"),
        &user.groups.join(";"),
        "bcrypt",
        &user.password_hash,
        user.totp_secret.as_deref().unwrap_or_default(),
    ];
    for (place, cell) in cells.into_iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        if cell.contains([',', '"', '\n']) {
            let _ = write!(out, "\"{}\"", cell.replace('"', "\"\""));
        } else {
            out.push_str(cell);
        }
    }
    out.push('\n');
}
