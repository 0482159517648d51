"""Tests of the app for Bangle.js 2, with Node and a fake watch."""
