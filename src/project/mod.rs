//! Projects: settings, keys, roles and groups.
mod roles;
pub use roles::{ensure_groups, ensure_roles, known_groups, known_roles};
