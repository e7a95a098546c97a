import type { IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { loggablePath } from '../../src/http/access-log.ts';
import { fromAcceptLanguage, fromTags, negotiate } from '../../src/http/locale.ts';
import { createProxyTrust } from '../../src/http/proxy.ts';

const request = (remoteAddress: string | undefined, headers: Record<string, string>) =>
  ({ headers: { host: 'a.example', ...headers }, socket: { remoteAddress } }) as unknown as IncomingMessage;

const after = (ranges: string[], peer: string | undefined, headers: Record<string, string>) => {
  const message = request(peer, headers);
  createProxyTrust(ranges)(message);
  return message.headers;
};

describe('trust in proxies', () => {
  const forwarded = {
    'x-forwarded-for': '203.0.113.9',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'auth.example',
    'x-forwarded-prefix': '/x',
    'x-real-ip': '203.0.113.9',
    forwarded: 'for=203.0.113.9',
  };

  test('headers of an untrusted peer are dropped, all of them', () => {
    for (const peer of ['192.0.2.1', '11.0.0.1', '2001:db8::1', undefined]) {
      expect(after(['10.0.0.0/8', '2001:db9::/32'], peer, forwarded)).toEqual({ host: 'a.example' });
    }
  });

  test('a trusted peer is believed for address, proto and host, and for nothing else', () => {
    for (const peer of ['10.1.2.3', '::ffff:10.1.2.3']) {
      expect(after(['10.0.0.0/8'], peer, forwarded)).toEqual({
        host: 'a.example',
        'x-forwarded-for': '203.0.113.9',
        'x-forwarded-proto': 'https',
        'x-forwarded-host': 'auth.example',
      });
    }
    expect(after(['fd00::/8'], 'fd00::5', forwarded)['x-forwarded-proto']).toBe('https');
    expect(after(['127.0.0.1'], '127.0.0.1', forwarded)['x-forwarded-for']).toBe('203.0.113.9');
  });

  test('what the client wrote on the left of X-Forwarded-For counts for nothing', () => {
    const seen = (value: string) =>
      after(['10.0.0.0/8'], '10.0.0.1', { 'x-forwarded-for': value })['x-forwarded-for'];
    expect(seen('1.1.1.1, 203.0.113.9')).toBe('203.0.113.9');
    expect(seen('1.1.1.1, 203.0.113.9, 10.0.0.7')).toBe('203.0.113.9');
    expect(seen('10.0.0.8, 10.0.0.7')).toBe('10.0.0.8');
    expect(seen('203.0.113.9:4711')).toBe('203.0.113.9');
    expect(seen('[2001:db8::9]:4711')).toBe('2001:db8::9');
    expect(seen('garbage, 10.0.0.7')).toBe('10.0.0.7');
    expect(seen('garbage')).toBeUndefined();
  });

  test('of several protos and hosts the nearest proxy’s counts', () => {
    const headers = after(['10.0.0.0/8'], '10.0.0.1', {
      'x-forwarded-proto': 'http, HTTPS',
      'x-forwarded-host': 'evil.example, auth.example',
    });
    expect(headers['x-forwarded-proto']).toBe('https');
    expect(headers['x-forwarded-host']).toBe('auth.example');
  });
});

describe('the language', () => {
  test('is read from lists of tags and from Accept-Language by weight', () => {
    expect(fromTags('de en-GB fr')).toBe('en');
    expect(fromTags('de')).toBeUndefined();
    expect(fromAcceptLanguage('en;q=0.3, fr-CA;q=0.8, de')).toBe('fr');
    expect(fromAcceptLanguage('fr;q=0, en;q=0.1')).toBe('en');
    expect(fromAcceptLanguage('*')).toBeUndefined();
    expect(fromAcceptLanguage(undefined)).toBeUndefined();
  });

  test('the person’s choice comes before the service’s wish, and that before the browser’s', () => {
    const signs = { chosen: 'en', kept: 'fr', asked: 'fr', acceptLanguage: 'fr' };
    expect(negotiate(signs, 'fr')).toBe('en');
    expect(negotiate({ ...signs, chosen: 'xx' }, 'en')).toBe('fr');
    expect(negotiate({ asked: 'en', acceptLanguage: 'fr' }, 'fr')).toBe('en');
    expect(negotiate({ acceptLanguage: 'en' }, 'fr')).toBe('en');
    expect(negotiate({}, 'fr')).toBe('fr');
  });
});

describe('the path in the log', () => {
  test('has neither query nor what may be secret', () => {
    expect(loggablePath('/connexion/V1StGXR8_Z5jdHi6B-myT/retour?verifier=abc')).toBe('/connexion/:…/retour');
    expect(loggablePath('/auth/realms/esante-wallet/protocol/openid-connect/token?x=1')).toBe(
      '/auth/realms/esante-wallet/protocol/openid-connect/token',
    );
    expect(loggablePath('/.well-known/openid-configuration')).toBe('/.well-known/openid-configuration');
    expect(loggablePath('/personne/810000000017')).toBe('/personne/:…');
  });
});
