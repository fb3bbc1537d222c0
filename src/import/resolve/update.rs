//! What a record changes of a user that exists: absent means untouched, always.

use super::directory::{Directory, Origin, Replaced};
use crate::import::record::{Given, GivenAttributes, LoginId, Record};
use crate::import::task::Identifier;
use crate::import::user::Attributes;

/// Brings a user to the state that the record asks for. Secrets are left as they are: the user
/// may have changed them since the export.
pub(super) fn apply(directory: &mut Directory, index: usize, record: Record) {
    // Taken apart, so that no member can be forgotten.
    let Record {
        login_ids,
        email_verified,
        phone_number_verified,
        disabled,
        account_valid_from,
        account_valid_until,
        attributes,
        custom_attributes,
        roles,
        groups,
        password: _,
        mfa,
        faults: _,
    } = record;
    let has_email = matches!(login_ids.email, Given::Value(_));
    let has_phone_number = matches!(login_ids.phone_number, Given::Value(_));
    let mut is_changed = login_id(directory, index, Identifier::Email, login_ids.email);
    is_changed |= login_id(directory, index, Identifier::PhoneNumber, login_ids.phone_number);
    is_changed |=
        login_id(directory, index, Identifier::PreferredUsername, login_ids.preferred_username);
    is_changed |= login_id(directory, index, Identifier::ExternalId, login_ids.external_id);

    let user = directory.user_mut(index);
    // A mark is set for the value in this record; without one it says nothing.
    is_changed |= set(&mut user.email_verified, email_verified.filter(|_| has_email));
    is_changed |=
        set(&mut user.phone_number_verified, phone_number_verified.filter(|_| has_phone_number));
    is_changed |= set(&mut user.disabled, disabled);
    is_changed |= set(&mut user.account_valid_from, account_valid_from.map(Some));
    is_changed |= set(&mut user.account_valid_until, account_valid_until.map(Some));
    is_changed |= set(&mut user.roles, roles);
    is_changed |= set(&mut user.groups, groups);
    is_changed |= replace(&mut user.mfa_email, mfa.email);
    is_changed |= replace(&mut user.mfa_phone_number, mfa.phone_number);
    is_changed |= set_all(&mut user.attributes, attributes);
    is_changed |= set_all(&mut user.custom_attributes, custom_attributes);

    if let Origin::Found { is_changed: was_changed } = &mut directory.entries[index].origin {
        *was_changed |= is_changed;
    }
}

fn login_id(
    directory: &mut Directory,
    index: usize,
    which: Identifier,
    given: Given<LoginId>,
) -> bool {
    let new = match given {
        Given::Absent => return false,
        Given::Null => None,
        Given::Value(login_id) => Some(login_id),
    };
    let replaced = directory.replace(index, which, new);
    if replaced == Replaced::Key {
        let user = directory.user_mut(index);
        match which {
            Identifier::Email => user.email_verified = false,
            Identifier::PhoneNumber => user.phone_number_verified = false,
            Identifier::PreferredUsername | Identifier::ExternalId => {}
        }
    }
    replaced != Replaced::Nothing
}

fn replace<T: PartialEq>(slot: &mut Option<T>, given: Given<T>) -> bool {
    match given {
        Given::Absent => false,
        Given::Null => slot.take().is_some(),
        Given::Value(value) => set(slot, Some(Some(value))),
    }
}

fn set<T: PartialEq>(slot: &mut T, new: Option<T>) -> bool {
    match new {
        Some(new) if *slot != new => {
            *slot = new;
            true
        }
        _ => false,
    }
}

fn set_all(attributes: &mut Attributes, given: GivenAttributes) -> bool {
    let mut is_changed = false;
    for (name, given) in given {
        let place = attributes.iter().position(|(known, _)| *known == name);
        match (place, given) {
            (_, Given::Absent) | (None, Given::Null) => continue,
            (Some(place), Given::Null) => {
                attributes.remove(place);
            }
            (Some(place), Given::Value(value)) if attributes[place].1 == value => {
                continue;
            }
            (Some(place), Given::Value(value)) => attributes[place].1 = value,
            (None, Given::Value(value)) => attributes.push((name, value)),
        }
        is_changed = true;
    }
    is_changed
}
