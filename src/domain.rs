//! The product's nouns and rules, without any input or output: the same on both sides.

pub mod api_token;
pub mod bank_account;
pub mod failure;
pub mod feedback;
pub mod freshness;
pub mod identifiers;
pub mod key_check;
pub mod list;
pub mod member;
pub mod merchant;
pub mod merchant_filter;
pub mod organisation;
pub mod page;
pub mod partner;
pub mod prefill;
pub mod price_package;
pub mod product_order;
pub mod product_order_filter;
pub mod registry;
pub mod sales_unit;
pub mod sales_unit_filter;
pub mod search_text;
pub mod template;
pub mod webhook;
pub mod webhook_filter;
