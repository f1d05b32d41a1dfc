/* The shapes of signing in and of one's own account, as the server describes them. */

import type { components } from "../api/schema";

type Schemas = components["schemas"];

export type Accepted = Schemas["AcceptedShape"];
export type Enrolment = Schemas["EnrolShape"];
export type Factor = Schemas["Factor"];
export type GithubApp = Schemas["GithubAppShape"];
export type LinkedAccount = Schemas["LinkedAccountShape"];
export type ListedSession = Schemas["ListedSession"];
export type Methods = Schemas["Methods"];
export type Offer = Schemas["OfferShape"];
export type Passkey = Schemas["PasskeyShape"];
export type PasskeyOptions = Schemas["PasskeyOptions"];
export type ProfileShape = Schemas["ProfileShape"];
export type Provider = Schemas["ProviderShape"];
export type ProviderWish = Schemas["ProviderWish"];
/** Exactly one of its fields. */
export type Proof = Partial<Schemas["ProofWish"]>;
export type SignInAnswer = Schemas["SignInAnswer"];
