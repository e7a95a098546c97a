import { TAG, childrenOf, expectTag, oidOf, textOf, type Element } from './der.ts';

/** One attribute of a name; what is no text is empty. */
export interface NameAttribute {
  type: string;
  value: string;
}

/**
 * The attributes of a name (RFC 5280, 4.1.2.4), one by one, whatever their order and their grouping into RDNs: text forms
 * flatten or lose a multi-valued RDN.
 */
export const readName = (der: Uint8Array, name: Element): NameAttribute[] => {
  const attributes: NameAttribute[] = [];
  for (const rdn of childrenOf(der, expectTag(name, TAG.sequence))) {
    for (const attribute of childrenOf(der, expectTag(rdn, TAG.set))) {
      const [type, value] = childrenOf(der, expectTag(attribute, TAG.sequence));
      attributes.push({ type: oidOf(der, type), value: (value && textOf(der, value)) ?? '' });
    }
  }
  return attributes;
};
